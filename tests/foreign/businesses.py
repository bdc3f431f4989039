"""
A business register written by hand from its wire format alone, with nothing but the standard library.

It shares no code with this project and knows nothing of its case files: what it has registered stands below, invented.
Started by its path, `python businesses.py`, it prints its address and answers until it is ended. It answers in
chunks, writes JSON with letters as numbers, and takes one token at a time.
"""

from __future__ import annotations

import base64
import json
import secrets
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY, SECRET = "demo-consumer-key", "demo-consumer-secret"
Entry = dict[str, Any]

PERSON = {
    "HoVaTen": "TRẦN VÍ DỤ",
    "LoaiGiayToChungThuc": "Căn cước công dân",
    "MaLoaiGiayToChungThuc": "1",
    "SoGiayChungThuc": "000080000001",
    "NgayCap": "2021-06-01T00:00:00",
    "NoiCap": "Nơi cấp ví dụ",
    "QuocTich": "Việt Nam",
    "MaQuocTich": "VN",
}
PLACE = {"TenTinhThanh": "Tỉnh Ví Dụ", "MaTinhThanh": 52, "TenPhuongXa": "Xã Ví Dụ", "MaPhuongXa": 99903}
OFFICE = {"QuocGia": "Việt Nam", "MaQuocGia": "VN", **PLACE, "SoNha": "Số 1"}
SHOP = {**PLACE, "SoNha": "Số 3", "DiaChiDayDu": "Số 3, Xã Ví Dụ, Tỉnh Ví Dụ"}
WORKS = {"TinhTrangPhapLy": "Đang hoạt động", "MaTinhTrangPhapLy": "1"}
RESTS = {
    "TinhTrangPhapLy": "Tạm ngừng kinh doanh",
    "MaTinhTrangPhapLy": "2",
    "NgayBatDauTamNgung": "2025-01-01T00:00:00",
    "NgayKetThucTamNgung": "2025-12-31T00:00:00",
    "LyDoTamNgung": "Khó khăn",
}


def firm(code: str, internal: str, name: str, **more: Any) -> Entry:
    """Members that are null may as well be missing: this register leaves them out."""
    return {
        "MaNoiBo": f"B99-0300{internal}",
        "MaSoDoanhNghiep": code,
        "SoGCNDKKD": code,
        "MaLoaiHinhDN": "2",
        "LoaiHinhDN": "Công ty TNHH hai thành viên trở lên",
        "TenTiengViet": name,
        "NgayDangKyLanDau": "2019-03-05T00:00:00",
        "NgayDangKyThayDoi": "2023-10-17T00:00:00",
        "SoLanDangKyThayDoi": 2,
        "TinhTrangPhapLy": [WORKS],
        "DaiDienPhapLuat": [{"ThongTinCaNhan": [PERSON]}],
        "DiaChiTruSo": [{"DiaChi": [OFFICE]}],
        "NganhNgheKinhDoanh": [{"MaNganh": "6201", "TenNganh": "Lập trình máy vi tính", "LaNganhChinh": 1}],
    } | more


def office(**more: Any) -> Entry:
    return {"DiaChiTruSo": [{"DiaChi": [OFFICE | more]}]}


def household(code: str, name: str, **more: Any) -> Entry:
    return {
        "MaNoiBo": "H99-000001",
        "MaSoHKD": code,
        "MaSoDangKyHKD": "99A8000001",
        "FOUNDING_DATE": "2018-04-02T00:00:00",
        "MaLoaiHinhHKD": "1",
        "LoaiHinhHKD": "Hộ kinh doanh cá thể",
        "TenTiengViet": name,
        "NgayDangKyLanDau": "2018-04-05T00:00:00",
        "SoLanDangKyThayDoi": 0,
        "ChuHoKinhDoanh": [PERSON],
        "DiaChiTruSo": [SHOP],
        "NganhNgheKinhDoanh": [{"MaNganh": "4711", "TenNganh": "Bán lẻ tổng hợp trong cửa hàng", "LaNganhChinh": 1}],
    } | more


def cooperative(code: str, name: str, **more: Any) -> Entry:
    return {
        "MaNoiBo": "C99-000001",
        "MaSoHTX": code,
        "MaLoaiHinhHTX": "1",
        "LoaiHinhHTX": "Hợp tác xã",
        "TenTiengViet": name,
        "NgayDangKyLanDau": "2015-09-10T00:00:00",
        "NgayDangKyThayDoi": "2022-02-03T00:00:00",
        "SoLanDangKyThayDoi": 1,
        "DaiDienPhapLuat": {"ThongTinCaNhan": [PERSON]},
        "DiaChiTruSo": [{"DiaChi": [OFFICE]}],
        "NganhNgheKinhDoanh": [{"MaNganh": "0127", "TenNganh": "Trồng cây chè", "LaNganhChinh": 1}],
    } | more


def nameless(entry: Entry, member: str = "TenTiengViet") -> Entry:
    return {name: value for name, value in entry.items() if name != member}


BESIDE = {
    "DaiDienPhapLuat": [{"ThongTinCaNhan": [], "HoVaTen": "TRẦN VÍ DỤ"}],
    "DiaChiTruSo": [{"DiaChi": [], **PLACE, "SoNha": "Số 1"}],
    "NganhNgheKinhDoanh": [
        {"MaNganh": "6201", "LaNganhChinh": 1},
        {"MaNganh": "6202", "LaNganhChinh": 0},
        {"MaNganh": "6209"},
    ],
}
NOTHING = dict.fromkeys(
    (
        "TinhTrangPhapLy",
        "DaiDienPhapLuat",
        "DiaChiTruSo",
        "NganhNgheKinhDoanh",
        "NgayDangKyThayDoi",
        "SoLanDangKyThayDoi",
    )
)

# By the code that is asked about; None is how nobody is told.
FIRMS: dict[str, list[Entry] | None] = {
    "9900300027": [firm("9900300027", "02", "CÔNG TY TNHH VÍ DỤ MỚI")],
    "9900300115": [],
    "9900300147": [firm("9900300147", "14", "CÔNG TY TNHH MỘT"), firm("9900300147", "14", "CÔNG TY TNHH HAI")],
    "9900300549": [
        {
            "MaSoDoanhNghiep": "9900300549",
            "TenTiengViet": "CÔNG TY TNHH HAI NƠI",
            "DiaChiTruSo": [{**PLACE, "SoNha": "Số 1", "DiaChi": [PLACE | {"MaPhuongXa": 99904, "SoNha": "Số 2"}]}],
        }
    ],
    "9900300531": [{"MaSoDoanhNghiep": "9900300531", "TenTiengViet": "CÔNG TY TNHH BÊN CẠNH", **BESIDE}],
    "9900300267": [firm("9900300267", "26", "CÔNG TY TNHH MÚI GIỜ", NgayDangKyThayDoi="2023-10-16T17:00:00Z")],
    "9900300281-001": [firm("9900300281-001", "28", "CHI NHÁNH CÔNG TY TNHH VÍ DỤ MỚI", SoGCNDKKD=None)],
    "9900300242": [firm("9900300242", "24", "CÔNG TY TNHH NĂM MỘT", NgayDangKyThayDoi="0001-01-01T00:00:00")],
    "9900300154": [
        firm("9900300154", "15", "CÔNG TY TNHH MẤT SỐ KHÔNG")
        | office(MaTinhThanh=1, TenQuanHuyen="Quận Ví Dụ", MaQuanHuyen=4, MaPhuongXa=124)
    ],
    "9900300080": [nameless(firm("9900300080", "08", ""))],
    "9900300235": [firm("9900300235", "23", "CÔNG TY TNHH TOÀN NULL", **NOTHING)],
    "9900300193": [firm("9900300193", "19", "CÔNG TY TNHH MỘT TẦNG", DiaChiTruSo=[OFFICE])],
    "9900300186": [firm("9900300186", "18", "CÔNG TY TNHH MÃ DÀI") | office(MaTinhThanh=5200)],
    "9900300228": [firm("9900300228", "22", "CÔNG TY TNHH ĐẠI DIỆN ĐƠN", DaiDienPhapLuat={"ThongTinCaNhan": PERSON})],
    "9900300098": [firm("9900300108", "10", "CÔNG TY TNHH NGƯỜI KHÁC")],
    "9900300210": [
        firm("9900300210", "21", "CÔNG TY TNHH CHỈ TÊN", TinhTrangPhapLy=[WORKS | {"MaTinhTrangPhapLy": None}])
    ],
    "9900300203": [firm("9900300203", "20", "CÔNG TY TNHH TẠM NGHỈ", TinhTrangPhapLy=[RESTS])],
    "9900300179": [
        firm("9900300179", "17", "CÔNG TY TNHH MÃ CHỮ")
        | office(MaTinhThanh="52", TenQuanHuyen="Huyện Ví Dụ", MaQuanHuyen="999", MaPhuongXa="99903")
    ],
    "9900300274": [
        firm("9900300274", "27", "CÔNG TY TNHH HAI NƠI", DiaChiTruSo=[{"DiaChi": [OFFICE, OFFICE | {"SoNha": "Số 9"}]}])
    ],
    "9900300073": [firm("9900300073", "07", "CÔNG TY TNHH THÊM TRƯỜNG MỚI", EmailGoiY="mau@khong-co.invalid")],
    "9900300161": [firm("9900300161", "16", "CÔNG TY TNHH SỐ KHÔNG") | office(MaQuanHuyen=0)],
}
HOUSEHOLDS: dict[str, list[Entry] | None] = {
    "9900300517": [household("9900300517", "HỘ KINH DOANH VÍ DỤ")],
    "9900300637": [household("9900300637", "HỘ KINH DOANH HAI TẦNG", DiaChiTruSo=[{"DiaChi": [SHOP]}])],
    "9900300605": [household("99A8000001", "HỘ KINH DOANH MÃ LẠ")],
    "000080000001": [household("000080000001", "HỘ KINH DOANH TRẦN VÍ DỤ")],
    "9900300570": [nameless(household("", "X"), "MaSoHKD")],
    "9900300612": [
        household("9900300612", "HỘ KINH DOANH CHỦ TRONG VỎ", ChuHoKinhDoanh=[{"ThongTinCaNhan": [PERSON]}])
    ],
    "9900300588": [household("9900300595", "HỘ KINH DOANH NGƯỜI KHÁC")],
    "9900300644": [
        household("9900300644", "HỘ KINH DOANH HAI CHỦ", ChuHoKinhDoanh=[PERSON, {"HoVaTen": "LÊ MINH HỌA"}])
    ],
    "9900300563": [household("9900300563", "HỘ KINH DOANH THÊM TRƯỜNG", DienThoaiGoiY="0")],
}
COOPERATIVES: dict[str, list[Entry] | None] = {
    "9900300651": [cooperative("9900300651", "HỢP TÁC XÃ VÍ DỤ")],
    "9900300771": [cooperative("9900300771", "HỢP TÁC XÃ MỘT TẦNG", DiaChiTruSo=[OFFICE])],
    "9900300718": [nameless(cooperative("9900300718", ""))],
    "9900300789": [
        cooperative("9900300789", "HỢP TÁC XÃ VÔ DANH", DaiDienPhapLuat={"SoGiayChungThuc": "000080000001"})
    ],
    "9900300757": [cooperative("9900300757", "HỢP TÁC XÃ KHÔNG VỎ", DaiDienPhapLuat=PERSON)],
    "9900300764": [cooperative("9900300764", "HỢP TÁC XÃ DANH SÁCH", DaiDienPhapLuat=[{"ThongTinCaNhan": [PERSON]}])],
    "9900300725": [cooperative("9900300732", "HỢP TÁC XÃ KHÁC")],
    "9900300700": [cooperative("9900300700", "HỢP TÁC XÃ THÊM TRƯỜNG", SoXaVien=12)],
}
# Path to the key that is asked by, the root of the answer, and what is registered.
QUESTIONS = {
    "/apiDKKD/DoanhNghiep/chiTietDoanhNghiep": ("msdn", "GetEntCert", FIRMS),
    "/apiDKKD/HoKinhDoanh/chiTietHoKinhDoanh": ("mst", "HHCert", HOUSEHOLDS),
    "/apiDKKD/HopTacXa/chiTietHopTacXa": ("mst", "CoopCert", COOPERATIVES),
}
# What the platform in front says of some questions: by root and code.
TURNED_AWAY = {
    **dict.fromkeys(("GetEntCert 9900300041", "HHCert 9900300531", "CoopCert 9900300676"), (403, 900908)),
    **dict.fromkeys(("GetEntCert 9900300059", "HHCert 9900300549", "CoopCert 9900300683"), (400, 102511)),
    **dict.fromkeys(("GetEntCert 9900300066", "HHCert 9900300556", "CoopCert 9900300690"), (429, 900802)),
}
WITHOUT_ROOT = "9900300122"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tokens: set[str] = set()  # noqa: RUF012  one register, one set of tokens

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        who = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if self.path != "/token" or self.headers.get("Authorization") != f"Basic {who}":
            return self._told(401, {"error": "invalid_client"})
        if form.get("grant_type") != ["client_credentials"]:
            return self._told(400, {"error": "unsupported_grant_type"})
        self.tokens.add(token := secrets.token_hex())
        return self._told(200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if self.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return self._fault(401, 900901)
        if asked.path not in QUESTIONS:
            return self._fault(404, 404)
        key, root, registered = QUESTIONS[asked.path]
        code = parse_qs(asked.query).get(key, [""])[0]
        if f"{root} {code}" in TURNED_AWAY:
            return self._fault(*TURNED_AWAY[f"{root} {code}"])
        return self._told(200, {} if code == WITHOUT_ROOT else {root: registered.get(code)})

    def _fault(self, status: int, code: int) -> None:
        self._told(status, {"fault": {"code": code, "message": "no", "description": "không"}})

    def _told(self, status: int, body: Any) -> None:
        text = json.dumps(body, indent=1).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("transfer-encoding", "chunked")
        if status == 429:
            self.send_header("retry-after", "7")
        self.end_headers()
        half = len(text) // 2
        for part in (text[:half], text[half:], b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    def log_message(self, *_: Any) -> None:
        """Prints nothing of what was asked."""


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
