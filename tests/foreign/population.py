"""
A population registry written by hand from its wire format alone: plain aiohttp and the standard library's XML.

It shares no code with this project and knows nothing of its case files: whom it knows stands below, invented. Started
by its path, `python population.py`, it prints its address and answers until it is ended.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
import time
import unicodedata
import xml.etree.ElementTree as ET
from typing import Any

from aiohttp import web

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
ASKED = "http://dancuquocgia.bca"
TOLD = "http://www.mic.gov.vn/dancu/1.0"

ACCOUNT, SECRET, SIGNED_ADDRESS = "gateway-demo", "demo-secret-not-real", "http://mock.invalid/dancu"
SUBSYSTEM, API_KEY = "DEMO/GOV/0000/GATEWAY", "demo-api-key-not-real"
CLOCKS_DIFFER_BY_S = 300

Tree = dict[str, Any]


def named(whole: str) -> Tree:
    return {"Ho": "", "ChuDem": "", "Ten": whole}


def born(year: int, day: str = "") -> Tree:
    return {"Nam": str(year)} | ({"NgayThangNam": f"{year}{day}"} if day else {})


def kin(name: str, number: str = "", old: str = "") -> Tree:
    return {"HoVaTen": name, "QuocTich": "VN", "SoDinhDanh": number, "SoCMND": old}


def head(number: str, name: str, relation: str = "") -> Tree:
    return {"ChuHo": {"QuanHe": relation, "SoDinhDanh": number, "HoVaTen": name}}


def citizen(number: str, name: str, birth: Tree, sex: str = "1", **more: Any) -> Tree:
    """Somebody of whom little is registered."""
    return {
        "SoDinhDanh": number,
        "SoCMND": "",
        "HoVaTen": named(name),
        "GioiTinh": sex,
        "DanToc": "01",
        "TonGiao": "00",
        "TinhTrangHonNhan": "0",
        "NhomMau": "00",
        "NgayThangNamSinh": birth,
        "QuocTich": "VN",
    } | more


HOME = {"MaTinhThanh": "52", "MaPhuongXa": "99903", "ChiTiet": "Số 1 phố Mẫu"}
BORN_MAU = born(1999, "0131")
FATHER = kin("NGUYỄN VĂN CHA", "000070000002", "000000002")
MOTHER = kin("LÊ THỊ MẸ")
WIFE = kin("TRẦN THỊ VỢ", "000199000077")


def mau(number: str, **more: Any) -> Tree:
    """Nguyễn Văn Mẫu, of whom much is registered; what `more` has as None is not."""
    whole = citizen(number, "NGUYỄN VĂN MẪU", BORN_MAU) | {
        "TinhTrangHonNhan": "1",
        "NoiDangKyKhaiSinh": {"MaTinhThanh": "52", "MaQuanHuyen": "999", "MaPhuongXa": "99901", "QuocGia": "VN"},
        "QueQuan": {"MaTinhThanh": "52", "MaPhuongXa": "99902", "ChiTiet": "Thôn Ví Dụ", "QuocGia": "VN"},
        "ThuongTru": HOME | {"QuocGia": "VN"},
        "NoiOHienTai": "",
        "Cha": FATHER,
        "Me": MOTHER,
        **head("000070000002", "NGUYỄN VĂN CHA", "CH01"),
        "SoSoHoKhau": "000000099",
        **more,
    }
    return {name: value for name, value in whole.items() if value is not None}


def them(number: str) -> Tree:
    """Đặng Thị Thêm, of whom more is told than anybody knows of."""
    return citizen(
        number, "ĐẶNG THỊ THÊM", born(1992, "1224"), "2", SoHoChieu="Z0000000", ThongTinKhac={"GhiChu": "mẫu"}
    )  # fmt: skip


def married(number: str) -> Tree:
    return them(number) | {"TinhTrangHonNhan": "2", "Cha": FATHER, "Me": MOTHER, "VoChong": WIFE} | head(
        "000070000002", "NGUYỄN VĂN CHA", "CH01"
    )  # fmt: skip


def without_number(name: str) -> Tree:
    person = citizen("", name, born(1970, "1010"))
    del person["SoDinhDanh"]
    return person


def lives_with(person: Tree, number: str = "000070000002", name: str = "NGUYỄN VĂN CHA", relation: str = "") -> Tree:
    return person | {"ThuongTru": HOME, "SoSoHoKhau": "000000099"} | head(number, name, relation)


TRUNG = citizen("000194000023", "HỒ THỊ TRÙNG", born(1994, "0819"), "2")
KHAC = citizen("000181000018", "ĐỖ THỊ KHÁC", born(1981, "0430"), "2")
LAP = citizen("000067720026", "LƯU VĂN LẶP", born(1967, "0102"), ThuongTru=HOME, SoSoHoKhau="000000099")

# The shape that the standard describes: codes in elements of their own, names in parts, dates with dashes.
CHUAN = citizen("000150000021", "", {"Nam": "1950", "NgayThangNam": "1950-01-01"}, "2") | {
    "SoCMND": "000000021",
    "HoVaTen": {"Ho": "Lý", "ChuDem": "Thị", "Ten": "Chuẩn"},
    "DanToc": {"MaDanToc": "01", "TenGoi": "Kinh"},
    "TonGiao": {"MaTonGiao": "99"},
    "TinhTrangHonNhan": "2",
    "NhomMau": "04",
    "NoiDangKyKhaiSinh": {"MaDonViHanhChinh": "52", "QuocGia": "VN"},
    "QueQuan": {"MaDonViHanhChinh": "999", "ChiTiet": "", "QuocGia": "VN"},
    "ThuongTru": {"MaDonViHanhChinh": "99904", "ChiTiet": "Số 21 đường Chuẩn", "QuocGia": "VN"},
    "Cha": kin("") | {"HoVaTen": {"Ho": "Lý", "ChuDem": "Văn", "Ten": "Trước"}},
    "VoChong": kin("", "000048000022") | {"HoVaTen": {"Ho": "Mai", "ChuDem": "", "Ten": "Bạn"}},
}

# By the number that is asked about: who is told of.
CITIZENS: dict[str, list[Tree]] = {
    "000099000001": [mau("000099000001")],
    "000194000023": [TRUNG, TRUNG | {"DanToc": "10"}],
    "100301000025": [citizen("100301000025", "H' MẪU & CON <THỬ>", born(2001, "0909"), "2", DanToc="12")],
    "000140000031": [citizen("000140000031", "CAO THỊ GÓA", born(1940, "0102"), "2", TinhTrangHonNhan="4")],
    "000000020": [citizen("003060000020", "DƯƠNG VĂN CŨ", born(1960, "0606"), SoCMND="000000020")],
    "000096000033": [citizen("000096000033", "MAI VĂN TIỀN TỐ", born(1996, "1011"))],
    "000150000021": [CHUAN],
    "003053000019": [citizen("003053000019", "NGÔ VĂN NĂM", born(1953), Cha=kin("") | {"QuocTich": ""})],
    "000070000016": [without_number("BÙI VĂN THIẾU")],
    "000081000017": [KHAC],
    "000192000015": [them("000192000015")],
    "000098000034": [citizen("000098000034", "MAI VĂN LỆCH", {"Nam": "1989", "NgayThangNam": "19981112"})],
    # Marital status
    "000099500001": [mau("000099500001", TinhTrangHonNhan="2", VoChong=WIFE)],
    "000099500021": [mau("000099500021", TinhTrangHonNhan="")],
    "000099500022": [mau("000099500022", TinhTrangHonNhan="0")],
    "000099500023": [mau("000099500023", TinhTrangHonNhan="4")],
    "000070500016": [without_number("BÙI VĂN THIẾU")],
    "000081500017": [KHAC],
    "000192500015": [married("000192500015")],
    # Kin
    "000099600001": [mau("000099600001", TinhTrangHonNhan="2", VoChong=WIFE)],
    "000099600021": [mau("000099600021", Cha=None, Me=None)],
    "000099600022": [mau("000099600022", Cha=None, ChuHo=None)],
    "000070600016": [without_number("BÙI VĂN THIẾU")],
    "000081600017": [KHAC],
    "000192600015": [married("000192600015")],
    # Heads of households
    "000099700001": [mau("000099700001")],
    "000099700021": [mau("000099700021", ChuHo=None)],
    "000099700022": [mau("000099700022", ChuHo={"QuanHe": "CH01"})],
    "000070700016": [without_number("BÙI VĂN THIẾU")],
    "000081700017": [KHAC],
    "000192700015": [married("000192700015")],
}
HOUSEHOLDS: dict[str, list[Tree]] = {
    "000099000001": [
        lives_with(citizen("000070000002", "NGUYỄN VĂN CHA", born(1970), SoCMND="000000002"), relation="CH01"),
        lives_with(citizen("000172720010", "LÊ THỊ MẸ", born(1972, "0506"), "2")),
        lives_with(citizen("000099000001", "NGUYỄN VĂN MẪU", BORN_MAU)),
    ],
    "000067720026": [LAP, LAP],
    "000064720024": [
        lives_with(citizen("000064720024", "LƯU VĂN ĐÔI", born(1964, "0102")), "000064720024", "LƯU VĂN ĐÔI", "CH01"),
        lives_with(citizen("000166720025", "LƯU THỊ RIÊNG", born(1966, "0304"), "2"), "000166720025", "LƯU THỊ RIÊNG"),
    ],
    "000070720008": [without_number("LƯU VĂN THIẾU")],
    "000081720009": [citizen("000180720019", "LƯU THỊ KHÁC", born(1980, "0430"), "2")],
    "000192720007": [citizen("000192720007", "LƯU THỊ THÊM", born(1992, "1224"), "2", LoaiHo="1")],
}
CONFIRMED: dict[str, Tree] = {
    "000099000001": {"TonTai": "1"},
    "000070710007": {},
    "000192710006": {"TonTai": "true", "ThongBao": "mẫu"},
}

# Numbers that end so are answered by a failure, whatever is asked about them.
FAILURES = {
    **dict.fromkeys(("000190000011", "000190710003", "000190720004", "000190500011", "000190600011"), "stranger"),
    **dict.fromkeys(("000079000013", "000079710004", "000079720005", "000079500013", "000079600013"), "nonsense"),
    **dict.fromkeys(("000188000014", "000188710005", "000188720006", "000188500014", "000188600014"), "too much"),
    "000190700011": "stranger",
    "000079700013": "nonsense",
    "000188700014": "too much",
    "000085000012": "no right",
    "100087000024": "broken",
    "000095000022": "nothing",
    "100202000026": "page",
}
ORDER = (
    *("SoDinhDanh", "SoCMND", "SoHoChieu", "HoVaTen", "GioiTinh", "DanToc", "TonGiao", "TinhTrangHonNhan", "NhomMau"),
    *("NgayThangNamSinh", "NoiDangKyKhaiSinh", "QueQuan", "ThuongTru", "NoiOHienTai", "QuocTich"),
    *("Cha", "Me", "VoChong", "NguoiDaiDien", "ChuHo", "SoSoHoKhau", "LoaiHo", "ThongTinKhac"),
)


def tree(tag: str, value: Tree | str, namespace: str) -> ET.Element:
    element = ET.Element(f"{{{namespace}}}{tag}")
    if isinstance(value, str):
        element.text = value
        return element
    names = sorted(value, key=ORDER.index) if tag == "CongDan" else list(value)
    element.extend(tree(name, value[name], namespace) for name in names)
    return element


def soap(inner: ET.Element | None, status: int = 200, **headers: str) -> web.Response:
    envelope = ET.Element(f"{{{ENVELOPE}}}Envelope")
    body = ET.SubElement(envelope, f"{{{ENVELOPE}}}Body")
    if inner is not None:
        body.append(inner)
    # As this library writes it: other prefixes, a declaration, and letters as numbers.
    text = ET.tostring(envelope, encoding="us-ascii", xml_declaration=True)
    return web.Response(status=status, body=text, content_type="text/xml", charset="utf-8", headers=headers)


def fault(status: int, blames: str, says: str, **headers: str) -> web.Response:
    inner = ET.Element(f"{{{ENVELOPE}}}Fault")
    ET.SubElement(inner, "faultcode").text = f"ns0:{blames}"
    ET.SubElement(inner, "faultstring").text = says
    return soap(inner, status, **headers)


def failure(kind: str) -> web.Response:
    match kind:
        case "stranger":
            return fault(401, "Client", "không nhận ra")
        case "nonsense":
            return fault(500, "Client", "yêu cầu sai")
        case "too much":
            return fault(429, "Server", "quá nhiều", **{"Retry-After": "7"})
        case "broken":
            return fault(500, "Server", "hỏng")
        case "no right":
            kind = "Server.ServerProxy.AccessDenied"
            body = json.dumps({"type": kind, "message": "no", "detail": "0"})
            return web.Response(status=500, text=body, content_type="application/json", headers={"X-Road-Error": kind})
        case "page":
            return web.Response(text="<html><body>đang bảo trì</body></html>", content_type="text/html")
        case _:
            return soap(None)


def is_known(headers: Any) -> bool:
    stamp = headers.get("Timestamp", "")
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme != "Basic" or not stamp.isdigit() or abs(int(stamp) / 1000 - time.time()) > CLOCKS_DIFFER_BY_S:
        return False
    digest = hashlib.sha256(f"{SIGNED_ADDRESS}{ACCOUNT}{stamp}{SECRET}".encode()).hexdigest()
    return base64.b64decode(value) == f"{ACCOUNT}:{digest}".encode() and headers.get("ApiKey") == API_KEY


def plain(name: str) -> str:
    parts = unicodedata.normalize("NFD", name.upper().replace("Đ", "D"))
    return "".join(sign for sign in parts if sign.isascii() and sign.isalpha())


async def answer(request: web.Request) -> web.Response:
    headers = request.headers
    if headers.get("X-Road-Client") != SUBSYSTEM or headers.get("SOAPAction") != '""' or not is_known(headers):
        return failure("stranger")
    try:
        asked = ET.fromstring(await request.read()).find(f"{{{ENVELOPE}}}Body")[0]
    except (ET.ParseError, TypeError, IndexError):
        return failure("nonsense")
    space, _, operation = asked.tag[1:].partition("}")
    fields = {one.tag.rpartition("}")[2]: one for one in asked}
    given = {name: (one.text or "").strip() for name, one in fields.items()}
    number = given.get("SoDinhDanh") or given.get("SoCMND") or ""
    if space != ASKED or not (given.get("MaYeuCau") and given.get("MaCanBo") and number):
        return failure("nonsense")
    if number in FAILURES:
        return failure(FAILURES[number])
    if operation == "XacThucThongTinCongDan":
        return soap(tree("KetQuaXacThuc", CONFIRMED.get(number, {"TonTai": "0"}), ASKED))
    known = {"TraCuuThongTinCongDan": CITIZENS, "CungCapThongTinHoGiaDinh": HOUSEHOLDS}.get(operation)
    if known is None:
        return failure("nonsense")
    people = known.get(number, [])
    birth = fields["NgayThangNamSinh"]
    when = "".join(birth.itertext()).strip()
    # Whom it is about must be called so and born then; of a household, and of mistakes, anybody is told.
    if people and operation == "TraCuuThongTinCongDan" and people[0].get("SoDinhDanh") == number:
        name, registered = people[0]["HoVaTen"], people[0]["NgayThangNamSinh"]
        is_called = plain("".join(name.values())).startswith(plain(given["HoVaTen"]))
        is_born = when in {registered.get("NgayThangNam", "").replace("-", ""), registered["Nam"]}
        people = people if is_called and is_born else []
    return soap(tree("CongdanCollection", {}, TOLD) if not people else collection(people))


def collection(people: list[Tree]) -> ET.Element:
    root = ET.Element(f"{{{TOLD}}}CongdanCollection")
    root.extend(tree("CongDan", one, TOLD) for one in people)
    return root


async def main() -> None:
    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
