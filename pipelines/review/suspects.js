"use strict";

const WORD = { true: "taken back", false: "" };

async function suspect(one, number) {
  const part = element("article");
  const head = element("h2", `${one.sample} `);
  const state = element("span", "", "state");
  head.append(state);
  const button = element("button");
  button.type = "button";
  let taken = one.taken;
  const tell = () => {
    state.textContent = WORD[taken];
    state.className = taken ? "state reject" : "state";
    part.className = taken ? "reject" : "";
    button.textContent = taken ? "Put back" : "Take back";
    button.setAttribute("aria-label", `${button.textContent} ${one.sample}`);
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await ask("decide", { number, taken: !taken });
      taken = !taken;
      $("trouble").textContent = "";
    } catch (error) {
      $("trouble").textContent = error.message;
    }
    button.disabled = false;
    tell();
  });
  tell();
  part.append(head, element("p", `In class ${one.class}: ${one.why}`), await drawCard(await ask(`card/${number}`)), button);
  return part;
}

async function start() {
  try {
    const listed = await ask("list");
    for (const [number, one] of listed.entries()) {
      try {
        $("suspects").append(await suspect(one, number));
      } catch (error) {
        $("trouble").textContent = `${one.sample}: ${error.message}`;
      }
    }
    document.body.dataset.shown = listed.length;
  } catch (error) {
    $("trouble").textContent = error.message;
  }
}

start();
