// The week's board: tasks are moved onto slots by dragging, by tapping, or by keys, and out of them again.

const FAR_ENOUGH_PX = 6;
const EDGE_PX = 70;
const SCROLL_PX = 14;

const slotsOf = board => [...board.querySelectorAll("[data-slot]")];

// One task on its way to another slot.
class Move {
  constructor(board, app, task) {
    Object.assign(this, { board, app, task });
    this.bar = document.getElementById("moving");
    this.isFixed = task.dataset.fixed !== undefined;
    this.target = undefined;
    document.body.classList.add("moves");
    this.bar.hidden = false;
    this.bar.querySelector("[data-to-line]").hidden = !this.isFixed;
    task.classList.add("held");
  }

  // A slot, or the way back into the line.
  aim(target) {
    if (target === this.target) return;
    this.target?.classList.remove("aimed");
    this.target = target;
    target?.classList.add("aimed");
  }

  end() {
    this.aim(undefined);
    this.task.classList.remove("held");
    document.body.classList.remove("moves");
    this.bar.hidden = true;
  }

  // What was changed elsewhere meanwhile is shown where nothing is sent.
  drop(target) {
    this.end();
    if (!target || target.contains(this.task)) {
      this.app.refresh();
      return;
    }
    const form = document.getElementById(target.dataset.slot ? "pin" : "unpin");
    form.action = `${this.task.dataset.task}/${form.id}`;
    if (target.dataset.slot) form.elements.slot.value = target.dataset.slot;
    form.requestSubmit();
  }
}

// Where a pointer is, as something to drop on. Out of the board is back in line, for what has a slot of its own.
function targetAt(move, x, y) {
  const under = document.elementFromPoint(x, y);
  const slot = under?.closest("[data-slot]");
  if (slot) return slot;
  const isOut = under?.closest("[data-to-line]") || !under?.closest(".board");
  return isOut && move.isFixed ? move.bar.querySelector("[data-to-line]") : undefined;
}

function dragging(board, app) {
  let drag;
  const end = () => {
    if (drag?.move) {
      drag.task.style.transform = "";
      cancelAnimationFrame(drag.frame);
      drag.move.end();
    }
    drag = undefined;
  };
  const follow = () => {
    const { x, y, task } = drag;
    // Near an edge the page comes along.
    if (y < EDGE_PX) scrollBy(0, -SCROLL_PX);
    else if (y > innerHeight - EDGE_PX) scrollBy(0, SCROLL_PX);
    task.style.transform = `translate(${x - drag.startX}px, ${y + scrollY - drag.startY}px)`;
    drag.move.aim(targetAt(drag.move, x, y));
    drag.frame = requestAnimationFrame(follow);
  };
  document.addEventListener("pointerdown", event => {
    const task = event.target.closest("[data-task]");
    const grip = event.target.closest(".grip");
    const isPlain = event.pointerType === "mouse" && !event.target.closest("a, button, form");
    if (event.button !== 0 || !task?.querySelector(".grip") || !(grip || isPlain)) return;
    drag = { task, grip, startX: event.clientX, startY: event.clientY + scrollY, x: event.clientX, y: event.clientY };
    // No text is marked on the way.
    if (!grip) event.preventDefault();
  });
  document.addEventListener("pointermove", event => {
    if (!drag) return;
    Object.assign(drag, { x: event.clientX, y: event.clientY });
    if (drag.move) return;
    if (Math.hypot(drag.x - drag.startX, drag.y + scrollY - drag.startY) < FAR_ENOUGH_PX) return;
    drag.move = new Move(board, app, drag.task);
    follow();
  });
  document.addEventListener("pointerup", () => {
    const move = drag?.move;
    if (move) {
      // The click that follows, if there is one, is none.
      const swallow = event => { event.preventDefault(); event.stopPropagation(); };
      addEventListener("click", swallow, true);
      setTimeout(() => removeEventListener("click", swallow, true));
      const { target } = move;
      end();
      move.drop(target);
    }
    drag = undefined;
  });
  document.addEventListener("pointercancel", end);
  document.addEventListener("keydown", event => { if (event.key === "Escape" && drag?.move) end(); });
}

// How a slot is called, with what stands in it.
function nameOf(target) {
  if (!target.dataset.slot) return target.textContent;
  const day = target.closest(".day").querySelector("h2").textContent;
  const holder = target.querySelector("a.title, .free");
  return [day, target.querySelector(".when").textContent, holder?.textContent].join(", ");
}

function neighbour(board, slot, key) {
  const all = slotsOf(board);
  const at = all.indexOf(slot);
  if (key === "ArrowDown" || key === "ArrowUp") return all[at + (key === "ArrowDown" ? 1 : -1)] ?? slot;
  const days = [...board.querySelectorAll(".day")];
  const day = slot.closest(".day");
  const there = days[days.indexOf(day) + (key === "ArrowRight" ? 1 : -1)];
  if (!there) return slot;
  const places = slotsOf(there);
  return places[Math.min(slotsOf(day).indexOf(slot), places.length - 1)] ?? slot;
}

// A task is taken, then a slot chosen: by arrows and Enter, or by tapping on it.
function choosing(board, app) {
  let move;
  let back;
  const end = () => {
    move?.end();
    move = undefined;
    if (back?.isConnected) back.focus();
  };
  const aim = target => {
    move.aim(target);
    target.scrollIntoView({ block: "nearest" });
    app.announce(nameOf(target));
  };
  document.addEventListener("click", event => {
    const grip = event.target.closest(".grip");
    if (move) {
      const target = event.target.closest("[data-slot], [data-to-line]");
      event.preventDefault();
      event.stopPropagation();
      const taken = move;
      move = undefined;
      taken.drop(target);
      return;
    }
    if (!grip) return;
    const task = grip.closest("[data-task]");
    move = new Move(board, app, task);
    back = grip;
    app.announce(move.bar.dataset.said);
    const slots = slotsOf(board);
    const first = task.closest("[data-slot]") ?? slots[0];
    if (first) move.aim(first);
  }, true);
  document.addEventListener("keydown", event => {
    if (!move) return;
    const { key } = event;
    const toLine = move.bar.querySelector("[data-to-line]");
    const slot = move.target?.dataset.slot ? move.target : slotsOf(board)[0];
    if (key.startsWith("Arrow") && slot) aim(neighbour(board, slot, key));
    else if ((key === "Delete" || key === "Backspace") && move.isFixed) aim(toLine);
    else if (key === "Enter" || key === " ") {
      const taken = move;
      const { task: address } = taken.task.dataset;
      move = undefined;
      // It is another element where it is now.
      const follow = () => board.querySelector(`[data-task="${CSS.escape(address)}"] .grip`)?.focus();
      document.addEventListener("shown", follow, { once: true });
      taken.drop(taken.target);
    } else if (key === "Escape" || key === "Tab") end();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
}

export function start(board, app) {
  dragging(board, app);
  choosing(board, app);
}
