"use strict";

const AHEAD = [1, 2, 3, 4, 5, 6, 7, 8, -1, -2]; // neighbours whose cards are loaded before they are asked for
const CACHED = 100; // cards that are kept
const WORDS = { keep: "kept", reject: "rejected", "": "undecided" };

let decided = []; // of every sample of the class: "keep", "reject" or ""
let list = []; // places in the queue that the filter lists
let at = 0; // in the list; at its end stands the summary
let shown = -1; // the place in the queue whose card can be seen
let toReject = 0; // listed samples that are not rejected yet
let saved = Promise.resolve(); // everything that is to be written, one after the other
const cards = new Map();

function cardOf(number) {
  if (!cards.has(number)) {
    const made = ask(`card/${number}`).then(drawCard);
    made.catch(() => cards.delete(number));
    cards.set(number, made);
    if (cards.size > CACHED) cards.delete(cards.keys().next().value);
  }
  return cards.get(number);
}

async function show() {
  const ended = at >= list.length;
  $("sample").hidden = ended;
  $("summary").hidden = !ended;
  if (ended) {
    shown = -1;
    return summary();
  }
  const number = list[at];
  let card;
  try { card = await cardOf(number); } catch (error) { return trouble(error); }
  if (at >= list.length || list[at] !== number) return; // moved on meanwhile
  const listedAt = list.length < decided.length ? `, ${at + 1} of ${list.length} listed` : "";
  $("place").textContent = `Sample ${number + 1} of ${decided.length}${listedAt}`;
  $("state").textContent = WORDS[decided[number]];
  $("state").className = `state ${decided[number]}`;
  $("card").className = decided[number];
  $("card").replaceChildren(card);
  shown = number;
  document.body.dataset.shown = number;
  history.replaceState(null, "", `#${number + 1}`);
  ahead(number);
}

/** Load the cards around a sample, one after the other, for as long as it is the one that is shown. */
async function ahead(number) {
  for (const step of AHEAD) {
    if (shown !== number) return;
    if (at + step in list) await cardOf(list[at + step]).catch(() => {});
  }
}

function percent(share) {
  return `${Math.round(100 * share)}%`;
}

function mistaken({ reals, reals_rejected, error_low, error_high }) {
  if (!reals) return "none of the real samples is decided yet.";
  const span = `${percent(error_low)} to ${percent(error_high)}`;
  return `of ${reals} real samples ${reals_rejected} were rejected, ${percent(reals_rejected / reals)} (95% interval ${span}).`;
}

async function summary() {
  await saved;
  let found;
  try { found = await ask("summary"); } catch (error) { return trouble(error); }
  $("end").textContent = !list.length ? "Nothing is listed" : found.undecided ? "So far" : "All is decided";
  $("counts").textContent = `${found.kept} kept, ${found.rejected} rejected, ${found.undecided} undecided.`;
  $("error").textContent = `Error: ${mistaken(found)} ${found.mixed_in} real samples are mixed in.`;
  $("overall").hidden = found.overall.reals === found.reals;
  $("overall").textContent = `Over all classes: ${mistaken(found.overall)}`;
  $("outdated").hidden = !found.outdated;
  $("outdated").textContent = `${found.outdated} earlier decisions are about samples that are not there any more.`;
}

function say(text) {
  $("trouble").textContent = "";
  $("said").textContent = text;
}

function trouble(error) {
  $("said").textContent = "";
  $("trouble").textContent = error.message;
}

function step(by) {
  at = Math.max(0, Math.min(list.length, at + by));
  return show();
}

function move(by) {
  say("");
  return step(by);
}

/** Write in order; where that fails, say so and show what the server knows. */
function save(write) {
  saved = saved.then(write).catch(async (error) => {
    await relist(shown).catch(() => {});
    trouble(error);
  });
  return saved;
}

function decide(decision) {
  const number = list[at];
  if (at >= list.length || number !== shown) return; // nobody decides on what cannot be seen
  count(number, decision);
  say(`Sample ${number + 1} ${WORDS[decision]}`);
  save(() => ask("decide", { number, decision }));
  step(1);
}

function undo() {
  save(async () => {
    const { changed } = await ask("undo", {});
    if (!changed.length) return say("Nothing is left to undo");
    for (const [number, decision] of changed) count(number, decision);
    const [first] = changed[0];
    if (!list.includes(first)) {
      $("filter").reset();
      await relist(first);
    } else {
      at = list.indexOf(first);
      await show();
    }
    const what = changed.length > 1 ? `${changed.length} samples` : `sample ${first + 1}, now ${WORDS[decided[first]]}`;
    say(`Undone: ${what}`);
  });
}

function count(number, decision) {
  if (list.includes(number)) toReject += (decision !== "reject") - (decided[number] !== "reject");
  decided[number] = decision;
  listing();
}

function wanted() {
  const sent = {};
  for (const [name, value] of new FormData($("filter"))) if (value) sent[name] = name === "decision" ? value : Number(value);
  return sent;
}

function listing() {
  const done = decided.filter(Boolean).length;
  $("listed").textContent = `${list.length} of ${decided.length} listed, ${done} decided.`;
  $("all").textContent = `Reject all ${toReject} listed that are not rejected…`;
  $("all").disabled = !toReject;
}

/** List anew, and go to `number` or the first after it; without one to the first undecided sample. */
async function relist(number = -1) {
  const found = await ask("list", wanted());
  decided = found.decided;
  list = found.numbers;
  toReject = list.filter((number) => decided[number] !== "reject").length;
  listing();
  go(number >= 0 ? number : (list.find((place) => !decided[place]) ?? 0));
}

function go(number) {
  const place = list.findIndex((one) => one >= number);
  at = place < 0 ? Math.max(list.length - 1, 0) : place;
  return show();
}

async function rejectAll() {
  await saved;
  const sent = wanted();
  await relist(shown); // what was decided since may have changed what the filter lists
  if (!toReject) return say("All that are listed are rejected");
  $("question").textContent = `Reject all ${toReject} samples that are listed?`;
  $("sure").returnValue = "no";
  $("sure").showModal();
  $("sure").onclose = () => {
    if ($("sure").returnValue !== "yes") return;
    save(async () => {
      const { changed } = await ask("reject", { ...sent, count: toReject });
      await relist(shown);
      say(`${changed.length} samples rejected`);
    });
  };
}

function toSummary() {
  say("");
  at = list.length;
  return show();
}

const ACTIONS = {
  keep: () => decide("keep"), reject: () => decide("reject"), undo, next: () => move(1), previous: () => move(-1),
  back: () => move(-1), all: rejectAll, help: () => $("keys").showModal(), sum: toSummary,
};
const KEYS = {
  k: ACTIONS.keep, r: ACTIONS.reject, u: undo, n: ACTIONS.next, ArrowRight: ACTIONS.next, p: ACTIONS.previous,
  ArrowLeft: ACTIONS.previous, g: () => $("number").focus(), f: () => $("filter").elements[1].focus(), a: rejectAll,
  s: toSummary, "?": ACTIONS.help,
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select");
  if (typing && event.key === "Escape") return typing.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (!Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});
for (const [name, action] of Object.entries(ACTIONS)) $(name).addEventListener("click", action);
$("jump").addEventListener("submit", (event) => {
  event.preventDefault();
  $("number").blur();
  go(Number($("number").value) - 1);
});
$("filter").addEventListener("submit", (event) => {
  event.preventDefault();
  document.activeElement.blur();
  save(() => relist());
});
$("filter").addEventListener("reset", () => setTimeout(() => save(() => relist(shown))));
relist(Number(location.hash.slice(1)) - 1).catch(trouble);
