// Keys for whoever does not want to reach for anything else. Each does what something on the page does; the list that
// `?` opens says which, and switches them off for whoever dictates or has a cat (WCAG 2.2, 2.1.4).

const SWITCH = "codexmiroir-keys";
const GO_MS = 1_500;

const isTyping = target => target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

// Titles of tasks, in the order in which they stand, but each once: the one that is on now is on the board too.
function titles() {
  const all = [...document.querySelectorAll("[data-task] a.title")].filter(title => title.checkVisibility());
  const board = all.filter(title => !title.closest(".now"));
  return board.length ? board : all;
}

function step(by) {
  const all = titles();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement.closest("[data-task]")?.querySelector("a.title"));
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
  all[next].focus();
}

// Does what a button of the task that has the focus does.
function act(name) {
  const task = document.activeElement.closest("[data-task]") ?? document.querySelector(".now [data-task]");
  task?.querySelector(`[data-act="${name}"]`)?.click();
}

// Takes back what was done in this window, one after the other.
async function undo(app, list) {
  const generation = app.done.all().at(-1);
  if (!generation) {
    app.toast(list.dataset.nothing);
    return;
  }
  app.done.remove(generation);
  const body = JSON.stringify({ generation: Number(generation) });
  try {
    const answer = await fetch("/api/undo", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    app.toast(answer.ok ? list.dataset.undone : (await answer.json()).error, !answer.ok);
    app.refresh();
  } catch {
    app.done.add(generation);
    app.toast(document.body.dataset.unsent, true);
  }
}

export function start(list, app) {
  const inUse = list.querySelector("input");
  const remembered = () => { try { return localStorage.getItem(SWITCH); } catch { return null; } };
  inUse.checked = remembered() !== "off";
  inUse.addEventListener("change", () => {
    try { localStorage.setItem(SWITCH, inUse.checked ? "on" : "off"); } catch { /* Then until the page is left. */ }
  });
  for (const button of document.querySelectorAll("[data-opens=keys]")) button.addEventListener("click", () => list.showModal());

  let goes = 0;
  const acts = {
    "?": () => list.showModal(),
    n: () => {
      const line = document.getElementById("quick-line");
      if (line) line.focus();
      else location.assign("/#quick-line");
    },
    u: () => undo(app, list),
    j: () => step(1),
    k: () => step(-1),
    d: () => act("complete"),
    m: () => act("move"),
    x: () => act("unpin"),
    g: () => { goes = Date.now(); },
  };
  document.addEventListener("keydown", event => {
    const isOurs = !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (!isOurs || isTyping(event.target) || list.open || (!inUse.checked && event.key !== "?")) return;
    const goesTo = Date.now() - goes < GO_MS && document.querySelector(`.site a[data-go="${CSS.escape(event.key)}"]`);
    const does = goesTo ? () => location.assign(goesTo.href) : acts[event.key];
    goes = 0;
    if (!does) return;
    event.preventDefault();
    does();
  });
}
