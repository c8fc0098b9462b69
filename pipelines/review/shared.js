"use strict";

const ENLARGED = 160; // pixels a side up to which pixels are shown as squares

const base = location.pathname;
const $ = (id) => document.getElementById(id);

async function ask(path, body) {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(base + path, body === undefined ? {} : post).catch(() => {
    throw new Error("the server does not answer; start it again: tailweight review");
  });
  if (answer.ok) return answer.json();
  const text = await answer.text();
  let said = text;
  try { said = JSON.parse(text).error; } catch { /* a refusal is plain text */ }
  throw new Error(said);
}

function element(name, text = "", kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

async function pictures(card) {
  const grid = element("div", "", card.side <= ENLARGED ? "pictures enlarged" : "pictures");
  for (const [place, source] of card.pictures.entries()) {
    const figure = element("figure", "", place ? "" : "first");
    const image = new Image();
    image.src = source;
    image.alt = card.names[place];
    await image.decode();
    figure.append(element("figcaption", card.names[place]), image);
    grid.append(figure);
  }
  return grid;
}

function lines(card) {
  const grid = element("div", "", "pictures");
  for (const [place, channels] of card.lines.entries()) {
    const figure = element("figure", "", place ? "" : "first");
    const drawing = drawn("svg", { viewBox: `0 0 ${card.size.join(" ")}`, role: "img", "aria-label": card.names[place] });
    for (const points of channels) drawing.append(drawn("polyline", { points }));
    figure.append(element("figcaption", card.names[place]), drawing);
    grid.append(figure);
  }
  return grid;
}

function drawn(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function rows(card) {
  const scroll = element("div", "", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "The sample's columns beside those of real samples");
  const table = element("table");
  const head = table.createTHead().insertRow();
  for (const name of ["column", ...card.names]) {
    const cell = element("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of card.rows) {
    const line = body.insertRow();
    const name = element("th", row.name);
    name.scope = "row";
    line.append(name);
    for (const [place, text] of row.texts.entries()) {
      const cell = element("td", "", place ? "" : "first");
      cell.append(row.differs[place] ? element("mark", text) : text);
      line.append(cell);
    }
  }
  scroll.append(table);
  return scroll;
}

function drawCard(card) {
  return card.pictures ? pictures(card) : card.lines ? lines(card) : rows(card);
}
