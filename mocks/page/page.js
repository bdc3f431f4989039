"use strict";

const MEMBERS = {
  birth: ["mother", "father", "full_name", "sex"],
  marriage: ["husband", "wife"],
  divorce: ["citizen"],
  move: ["citizen", "commune", "detail", "join", "household"],
  licence: ["citizen"],
  land_transfer: ["certificate", "to", "to_wife"],
  death: ["citizen", "declarant"],
};
const LABELS = {
  mother: "Mẹ", father: "Cha", full_name: "Họ tên", sex: "Giới tính (1, 2)", husband: "Chồng", wife: "Vợ",
  citizen: "Số định danh", commune: "Mã xã", detail: "Địa chỉ", join: "Về ở với", certificate: "Số phát hành",
  to: "Người nhận", to_wife: "Vợ người nhận", declarant: "Người đi khai", household: "Cả hộ",
};
const EVENTS = {
  birth: "Sinh", marriage: "Kết hôn", divorce: "Ly hôn", move: "Chuyển nơi ở", licence: "Cấp giấy phép lái xe",
  land_transfer: "Chuyển quyền sử dụng đất", death: "Chết",
};
const at = (id) => document.getElementById(id);
const numbers = new Set(["percent", "delay_s", "for_s", "seed", "citizens", "enterprises", "disagreements", "times"]);
const flags = new Set(["household"]);

function element(name, text, ...inner) {
  const made = document.createElement(name);
  made.textContent = text ?? "";
  made.append(...inner);
  return made;
}

function english(text) {
  const made = element("span", ` ${text}`);
  made.lang = "en";
  return made;
}

function button(text, act) {
  const made = element("button", text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function members(form) {
  const told = {};
  for (const [name, value] of new FormData(form)) {
    if (value !== "") told[name] = flags.has(name) || (numbers.has(name) ? Number(value) : value);
  }
  return told;
}

async function ask(method, path, body) {
  const reply = await fetch(path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await reply.text();
  const told = text.startsWith("{") ? JSON.parse(text) : {};
  at("said").textContent = reply.ok ? "Xong / done" : told.detail ?? text;
  return reply.ok ? told : null;
}

async function change(method, path, body) {
  const told = await ask(method, path, body);
  await show();
  return told;
}

function options(select, names, texts = {}) {
  const before = select.value;
  select.replaceChildren(...names.map((name) => {
    const made = element("option", texts[name] ?? name);
    made.value = name;
    return made;
  }));
  if (names.includes(before)) select.value = before;
}

function showMembers() {
  const event = at("event").elements.event.value;
  at("members").replaceChildren(...(MEMBERS[event] ?? []).map((name) => {
    const input = element("input");
    input.name = name;
    input.autocomplete = "off";
    if (flags.has(name)) input.type = "checkbox";
    return element("label", LABELS[name], english(name), input);
  }));
}

function fault(one) {
  const more = ["percent", "times", "delay_s", "profile", "for_s", "path"].filter(
    (name) => ![null, 0, "", undefined].includes(one[name]) && !(name === "percent" && one[name] === 100));
  return [one.kind, ...more.map((name) => `${name} ${one[name]}`)].join(", ");
}

async function show() {
  const served = await (await fetch(".")).json();
  const names = Object.keys(served.registries).sort();
  at("registries").replaceChildren(...names.map((name) => {
    const lines = Object.entries(served.faults).filter(([target]) => target === name || target.startsWith(`${name}.`))
      .map(([target, faults]) => element("div", `${target}: ${faults.map(fault).join("; ")}`));
    const row = element("tr", "", element("td", name), element("td", served.registries[name].title), element("td", "", ...lines));
    row.append(element("td", "", ...(lines.length ? [button("Hết lỗi", () => change("DELETE", `faults/${name}`))] : [])));
    return row;
  }));
  const targets = names.flatMap((name) => [name, ...served.registries[name].datasets.map((each) => `${name}.${each}`)]);
  const form = at("fault").elements;
  options(form.target, targets);
  options(form.fault, served.kinds);
  options(form.profile, ["", ...served.profiles]);
  options(at("event").elements.event, served.events, EVENTS);
  if (!at("members").childElementCount) showMembers();
  at("incidents").replaceChildren(...Object.entries(served.incidents).map(([name, one]) =>
    element("li", "", button(one.title, () => change("POST", `incidents/${name}`)), english(`${one.title_en} (${name})`))));
  for (const [name, value] of Object.entries(served.province)) {
    const input = at("province").elements[name] ?? at("clock").elements[name];
    if (input && document.activeElement !== input) input.value = value;
  }
  const { events } = await (await fetch("events")).json();
  at("events").replaceChildren(...events.map((one) => element("li",
    Object.entries(one).map(([name, value]) => (name === "event" ? EVENTS[value] : `${name} ${value}`)).join(", "))));
  const { entries } = await (await fetch("journal")).json();
  at("journal").replaceChildren(...entries.slice(-50).reverse().map((one) => element("tr", "",
    element("td", new Date(one.at * 1000).toLocaleTimeString("vi-VN")), element("td", one.registry),
    element("td", one.operation), element("td", one.fault || String(one.status)), element("td", one.matched),
    element("td", "", ...one.near_misses.map((text) => element("div", text))))));
}

function on(id, act) {
  at(id).addEventListener("submit", (event) => {
    event.preventDefault();
    act(members(event.target));
  });
}

on("fault", ({ target, ...told }) => change("PUT", `faults/${target}`, told));
on("province", (told) => change("PUT", "province", told));
on("clock", (told) => change("PUT", "clock", told));
on("event", (told) => change("POST", "events", told));
on("verify", async (told) => {
  const found = await ask("POST", "journal/verify", told);
  if (found) at("said").textContent = `${found.holds ? "Đúng" : "Không đúng"}: đã hỏi ${found.asked} lần / asked ${found.asked} times`;
});
at("event").elements.event.addEventListener("change", showMembers);
at("reset").addEventListener("click", () => change("POST", "reset"));
show();
