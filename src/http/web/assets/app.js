// What all pages do once scripts run: forms are sent without leaving the page, what others change is shown as it
// happens, and the modules that a page asks for are started. Without it every form and link works too.

const version = new URL(import.meta.url).search;
const load = name => import(`./${name}.js${version}`);

const { morph } = await load("morph");

const TOLD_MS = 12_000;
const LOST_MS = 3_000;
const LONG_BYTES = 500_000;

const told = document.getElementById("told");
const spoken = document.getElementById("spoken");

// Says something to whoever cannot see it happen.
function announce(text) {
  if (!spoken) return;
  spoken.textContent = "";
  requestAnimationFrame(() => { spoken.textContent = text; });
}

let toldTimer;

function tellFor(milliseconds) {
  clearTimeout(toldTimer);
  toldTimer = setTimeout(() => {
    // Whoever is about to use it is not to lose it.
    if (told.matches(":hover, :focus-within")) tellFor(milliseconds);
    else told.replaceChildren();
  }, milliseconds);
}

// A short word over the page, gone after a while.
function toast(text, isBad = false) {
  if (!told) return;
  const word = document.createElement("p");
  word.className = isBad ? "alert" : "notice";
  word.textContent = text;
  told.replaceChildren(word);
  tellFor(TOLD_MS);
}

// What somebody is typing in, or has typed and not sent, is not taken from under their hands.
function isInHand(region) {
  if (region.querySelector(".held")) return true;
  const focused = document.activeElement;
  if (region.contains(focused) && focused.matches("input:not([type=checkbox]), textarea, select")) return true;
  const isChanged = field => {
    if (field.type === "hidden") return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.localName === "select") return [...field.options].some(option => option.selected !== option.defaultSelected)
      && [...field.options].some(option => option.defaultSelected);
    return field.value !== field.defaultValue;
  };
  return [...region.querySelectorAll("input, textarea, select")].some(isChanged);
}

// Takes over from a newer page what this one has of it.
function show(page) {
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = page.getElementById(region.id);
    if (next && !isInHand(region)) morph(region, next);
  }
  document.title = page.title;
  const { generation, validUntil } = page.body.dataset;
  Object.assign(document.body.dataset, { generation: generation ?? "", validUntil: validUntil ?? "" });
  document.dispatchEvent(new Event("shown"));
}

// What was done in this window and can be taken back, the last at the end. It goes along from page to page.
const DONE = `codexmiroir-done-${document.querySelector(".who")?.textContent}`;
const DONE_MAX = 100;
const done = {
  all: () => { try { return JSON.parse(sessionStorage.getItem(DONE)) ?? []; } catch { return []; } },
  set: list => { try { sessionStorage.setItem(DONE, JSON.stringify(list.slice(-DONE_MAX))); } catch { /* Then there is none. */ } },
  add: generation => done.set([...done.all().filter(one => one !== generation), generation]),
  remove: generation => done.set(done.all().filter(one => one !== generation)),
};

// Remembers what a page tells that was done.
function remember(page) {
  const generation = page.querySelector("main .told [name=generation]")?.value;
  if (generation) done.add(generation);
}

function tell(page) {
  const next = page.querySelector("main .told");
  if (!told || !next) return;
  remember(page);
  told.replaceChildren(document.importNode(next, true));
  tellFor(TOLD_MS);
}

// A page as a document, with the answer that it came in.
async function fetchPage(address, options = {}) {
  const answer = await fetch(address, { ...options, headers: { Accept: "text/html", ...options.headers } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  // Nobody is signed in any more: the sign-in leads back to here.
  if (answer.redirected && new URL(answer.url).pathname === "/login") {
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  }
  return { answer, page };
}

const words = document.body.dataset;
let refreshing;

// Shows the page as it is now. Asked again meanwhile, only the last answer counts.
async function refresh() {
  refreshing?.abort();
  const current = refreshing = new AbortController();
  try {
    const { answer, page } = await fetchPage(location.href, { signal: current.signal });
    if (answer.ok && new URL(answer.url).pathname === location.pathname) show(page);
  } catch (error) {
    if (error.name !== "AbortError") lose();
  }
}

// Where a button was among its like, so that whoever works by keys goes on there once it is gone.
function placeOf(button) {
  const region = button?.closest("[data-live]");
  const alike = () => region ? [...region.querySelectorAll(`[data-act="${button.dataset.act}"]`)] : [];
  const at = alike().indexOf(button);
  return () => {
    if (at < 0 || button.isConnected || document.activeElement !== document.body) return;
    (alike()[at] ?? alike().at(-1) ?? document.querySelector(".site a")).focus({ preventScroll: true });
  };
}

// Sends a form and shows what came of it where it is.
async function send(form, submitter) {
  if (form.dataset.sending) return;
  form.dataset.sending = "true";
  const goOn = placeOf(submitter?.dataset.act ? submitter : undefined);
  try {
    const body = new URLSearchParams(new FormData(form, submitter));
    const { answer, page } = await fetchPage(form.action, { method: "POST", body });
    // A page of a task has several addresses; the form on it knows the right one.
    const { pathname } = new URL(answer.url);
    const own = new URL(form.elements.back?.value || form.action, location).pathname;
    const isHere = pathname === location.pathname || pathname === own;
    if (answer.redirected && pathname === own) history.replaceState(null, "", pathname + location.search);
    const again = form.id && page.getElementById(form.id);
    if (answer.redirected && isHere) {
      form.reset();
      if (again) morph(form, again);
      tell(page);
      show(page);
      goOn();
    } else if (again) {
      morph(form, again);
    } else if (answer.ok) {
      location.assign(answer.url);
    } else {
      toast(page.querySelector(".alert, main p")?.textContent ?? words.failed, true);
    }
  } catch {
    toast(words.unsent, true);
  } finally {
    delete form.dataset.sending;
  }
}

// What may be more than the server takes is sent from here as well: the page that says so would come without the text.
function isLong(form) {
  if (!form.querySelector("textarea")) return false;
  const sent = new URLSearchParams(new FormData(form)).toString();
  // A form has the ends of lines sent with a carriage return each.
  return sent.length + 3 * (sent.split("%0A").length - 1) > LONG_BYTES;
}

document.addEventListener("submit", event => {
  const form = event.target;
  if (event.defaultPrevented || (form.dataset.inline === undefined && !isLong(form))) return;
  event.preventDefault();
  if (form.getAttribute("action") === "/undo") done.remove(form.elements.generation.value);
  send(form, event.submitter);
});

// While the server cannot be asked, the page says since when it is as it is.
let seenAt = Date.now();

function lose(since = seenAt) {
  const time = document.querySelector(".kept time");
  if (!time || words.kept) return;
  time.dateTime = new Date(since).toISOString();
  // Days as the rest of the page writes them, in either language.
  time.textContent = new Date(since).toLocaleString("de-DE", { dateStyle: "medium", timeStyle: "short" });
  words.kept = time.dateTime;
  announce(document.querySelector(".kept").textContent);
}

function find() {
  seenAt = Date.now();
  if (!words.kept) return;
  delete words.kept;
  refresh();
}

let heard;

// What happened, as a stream or another window tells it.
function hear({ state, isConnected }) {
  if (!isConnected) {
    lose();
    return;
  }
  find();
  const text = state && JSON.stringify(state);
  if (!text || text === heard) return;
  const isFirst = heard === undefined;
  heard = text;
  const isSameChange = String(state.generation) === words.generation;
  // A page that does not say until when it holds was made just now.
  const isKnown = words.validUntil ? isSameChange && state.validUntil === words.validUntil
    : isFirst && (!words.generation || isSameChange);
  if (!isKnown) refresh();
}

// One window of a browser listens for all of them, because a browser opens only a few connections to one server.
function listen() {
  const windows = new BroadcastChannel("codexmiroir");
  let last;
  let isListening = false;
  const pass = message => {
    last = { ...last, ...message };
    hear(last);
    windows.postMessage(last);
  };
  windows.onmessage = ({ data }) => {
    if (data !== "ask") hear(data);
    else if (isListening && last) windows.postMessage(last);
  };
  const follow = () => {
    isListening = true;
    const events = new EventSource("/api/events");
    let lost;
    events.addEventListener("timeline", event => pass({ state: JSON.parse(event.data), isConnected: true }));
    events.addEventListener("open", () => {
      clearTimeout(lost);
      lost = undefined;
      pass({ isConnected: true });
    });
    events.addEventListener("error", () => {
      lost ??= setTimeout(() => pass({ isConnected: false }), LOST_MS);
      // Refused for good, for instance because nobody is signed in: the page as it is then says so.
      if (events.readyState === EventSource.CLOSED) setTimeout(() => { refresh(); follow(); }, LOST_MS);
    });
    // Held as long as the window is there.
    return new Promise(() => {});
  };
  if (navigator.locks) {
    navigator.locks.request("codexmiroir-events", follow);
    windows.postMessage("ask");
  } else {
    follow();
  }
}

// What was told once is not told again when the page is loaded again.
const address = new URL(location);
if (address.searchParams.has("done")) {
  remember(document);
  for (const name of ["done", "task", "undo", "seal"]) address.searchParams.delete(name);
  history.replaceState(null, "", address);
}
if (words.kept) {
  const since = Date.parse(words.kept);
  delete words.kept;
  lose(since);
}
if (document.querySelector("[data-live]")) listen();
// What modules may use of this one. They do not import it: by another address it would be another one.
const app = { done, announce, toast, refresh, fetchPage, send, morph };
for (const element of document.querySelectorAll("[data-module]")) {
  (await load(element.dataset.module)).start(element, app);
}
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/keeper.js");
document.documentElement.dataset.ready = "true";
