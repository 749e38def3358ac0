// The editor of rules: numbers beside the lines, what is wrong at its line while one writes, and the week as it would be.
// Without it everything is there as well, by the buttons. What it says stands in the markup, in the reader's language.

const CHECK_AFTER_MS = 400;
const DRAW_AFTER_MS = 500;
const INDENT = "    ";
const COLUMNS = { least: 20, most: 100 };

export function start(root, app) {
  const form = root.querySelector("form");
  const words = root.dataset;
  const fields = [...form.querySelectorAll(".code textarea")].map(area => new Field(area, words));
  const live = new Live(root, form, fields, app.announce);
  const keys = root.querySelector("#editor-keys");
  keys.hidden = false;
  for (const { area } of fields) area.setAttribute("aria-describedby", `${area.getAttribute("aria-describedby")} ${keys.id}`);

  form.addEventListener("input", () => live.wait());
  form.addEventListener("click", event => {
    const link = event.target.closest("a[data-line]");
    const field = link && fields.find(field => field.faults.contains(link));
    if (!field) return;
    event.preventDefault();
    field.goTo(Number(link.dataset.line), Number(link.dataset.column));
  });
  document.addEventListener("keydown", event => {
    const isSave = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "s";
    if (!isSave) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("button[value=save]"));
  });
  warnOfUnsaved(root, form);
  // What was just tried stands there already.
  if (!("unsaved" in words)) live.wait();
}

// Asks before the page is left with what nobody saved. A form that is sent leaves nothing behind.
function warnOfUnsaved(root, form) {
  let isSent = false;
  form.addEventListener("submit", () => { isSent = true; });
  window.addEventListener("pageshow", () => { isSent = false; });
  window.addEventListener("beforeunload", event => {
    const typed = [form.elements.name, form.elements.script, form.elements.tests];
    const isUnsaved = "unsaved" in root.dataset || typed.some(field => field.value !== field.defaultValue);
    if (isUnsaved && !isSent) event.preventDefault();
  });
}

// A text with the numbers of its lines, of which some are marked.
class Field {
  constructor(area, words) {
    this.area = area;
    this.words = words;
    this.faults = document.getElementById(`${area.id}-faults`);
    this.wrong = new Set();
    this.lines = 0;
    this.mayLeave = false;
    const numbers = made("div", "numbers");
    this.column = numbers.appendChild(made("div", "moved"));
    const bands = made("div", "bands");
    this.bands = bands.appendChild(made("div", "moved"));
    for (const beside of [numbers, bands]) beside.setAttribute("aria-hidden", "true");
    this.numbers = numbers;
    area.before(bands, numbers);
    area.addEventListener("input", () => this.count());
    area.addEventListener("scroll", () => this.follow());
    area.addEventListener("keydown", event => this.press(event));
    area.addEventListener("blur", () => { this.mayLeave = false; });
    this.mark([...this.faults.querySelectorAll("a[data-line]")].map(link => Number(link.dataset.line)));
  }

  count() {
    const lines = this.area.value.split("\n").length;
    while (this.lines < lines) {
      this.lines += 1;
      const number = made("div", "");
      number.textContent = String(this.lines);
      number.classList.toggle("wrong", this.wrong.has(this.lines));
      this.column.append(number);
    }
    for (; this.lines > lines; this.lines -= 1) this.column.lastElementChild.remove();
    this.numbers.style.width = `${String(lines).length + 3}ch`;
    this.follow();
  }

  mark(lines) {
    this.wrong = new Set(lines);
    this.count();
    [...this.column.children].forEach((number, index) => number.classList.toggle("wrong", this.wrong.has(index + 1)));
    this.bands.replaceChildren(...[...this.wrong].map(line => {
      const band = made("div", "band");
      band.style.top = `${this.top(line)}px`;
      return band;
    }));
  }

  lineHeight() {
    return parseFloat(getComputedStyle(this.area).lineHeight);
  }

  top(line) {
    return parseFloat(getComputedStyle(this.area).paddingTop) + (line - 1) * this.lineHeight();
  }

  follow() {
    for (const moved of [this.column, this.bands]) moved.style.transform = `translateY(${-this.area.scrollTop}px)`;
  }

  // What is wrong, with the way to each line.
  show(errors) {
    const list = made("ul", "faults");
    list.append(...errors.map(error => this.item(error)));
    this.faults.replaceChildren(...(errors.length > 0 ? [list] : []));
    if (errors.length > 0) this.area.setAttribute("aria-invalid", "true");
    else this.area.removeAttribute("aria-invalid");
    this.mark(errors.flatMap(error => (error.line === null ? [] : [error.line])));
  }

  item(error) {
    const place = where(error, this.words);
    const item = document.createElement("li");
    if (error.line === null) {
      item.append(place);
    } else {
      const link = document.createElement("a");
      link.href = `#${this.area.id}`;
      link.dataset.line = error.line;
      link.dataset.column = error.column ?? 1;
      link.textContent = place;
      item.append(link);
    }
    item.append(`: ${error.text}`);
    return item;
  }

  // Columns count characters, a text of the page counts what they are made of.
  goTo(line, column) {
    const lines = this.area.value.split("\n");
    const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    const within = [...(lines[line - 1] ?? "")].slice(0, column - 1).join("").length;
    this.area.focus();
    this.area.setSelectionRange(before + within, before + within);
    this.area.scrollTop = Math.max(0, (line - 3) * this.lineHeight());
  }

  // Tab indents, unless Escape was pressed just before: nobody is caught in the field.
  press(event) {
    if (event.key === "Escape") this.mayLeave = true;
    else if (event.key !== "Tab" && event.key !== "Shift") this.mayLeave = false;
    if (event.key !== "Tab" || event.ctrlKey || event.altKey || event.metaKey) return;
    if (this.mayLeave) return;
    event.preventDefault();
    this.indent(event.shiftKey);
  }

  indent(isBack) {
    const { value, selectionStart, selectionEnd } = this.area;
    if (!isBack && selectionStart === selectionEnd) {
      this.write(INDENT);
      return;
    }
    const begin = value.lastIndexOf("\n", selectionStart - 1) + 1;
    const block = value.slice(begin, selectionEnd);
    const changed = isBack ? block.replace(/^( {1,4}|\t)/gm, "") : block.replace(/^(?=.)/gm, INDENT);
    if (changed === block) return;
    this.area.setSelectionRange(begin, selectionEnd);
    this.write(changed);
    const isCaret = selectionStart === selectionEnd;
    const from = isCaret ? begin + changed.length : begin;
    this.area.setSelectionRange(from, begin + changed.length);
  }

  // In a way that the browser can take back.
  write(text) {
    const isDone = document.execCommand(text === "" ? "delete" : "insertText", false, text);
    if (isDone) return;
    this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, "end");
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

// Asks what is wrong with what was written, and what it would come to. Only the answer to the last question counts.
class Live {
  constructor(root, form, fields, announce) {
    this.words = root.dataset;
    this.speak = announce;
    this.form = form;
    this.fields = fields;
    this.section = root.querySelector(".live");
    this.state = this.section.querySelector(".state");
    this.drawn = this.section.querySelector(".drawn");
    this.turn = 0;
    this.said = "";
  }

  wait() {
    this.section.hidden = false;
    this.begin();
    this.timer = setTimeout(() => this.check(), CHECK_AFTER_MS);
  }

  // What was asked before is of another text.
  begin() {
    this.turn += 1;
    clearTimeout(this.timer);
    this.asking?.abort();
    this.asking = new AbortController();
  }

  async check() {
    const answer = await this.ask("/api/rules/check");
    if (!answer) return;
    this.show(answer.errors);
    if (answer.ok) this.timer = setTimeout(() => this.draw(), DRAW_AFTER_MS);
  }

  async draw() {
    const answer = await this.ask(`/api/rules/preview?width=${this.columns()}`);
    if (!answer) return;
    if (!answer.ok) {
      this.show(answer.errors);
      return;
    }
    this.drawn.textContent = answer.text;
    this.drawn.hidden = false;
  }

  // The answer; nothing where there is a later question, or none came.
  async ask(path) {
    const turn = this.turn;
    const told = await this.answer(path).catch(error => ({ error }));
    if (turn !== this.turn) return undefined;
    if ("error" in told) {
      this.tell(this.refusal(told));
      return undefined;
    }
    return told;
  }

  // Why there is no answer, in the words of the form.
  refusal({ error, field }) {
    if (field !== "rules.name") return typeof error === "string" ? error : this.words.failed;
    const name = this.form.elements.name.value.trim();
    const isTaken = this.list().filter(rule => (rule.use ?? rule.name) === name).length > 1;
    return isTaken ? this.words.nameTaken : this.words.nameWrong;
  }

  async answer(path) {
    const { signal } = this.asking;
    this.rules ??= (await fetched("/api/rules", { signal })).rules;
    const body = JSON.stringify({ rules: this.list() });
    return fetched(path, { signal, method: "POST", headers: { "Content-Type": "application/json" }, body });
  }

  // The list with what was written in its place.
  list() {
    const { of, name, script, tests, defaults } = this.form.elements;
    const own = { name: name.value.trim(), script: script.value };
    if (tests.value.trim() !== "") own.tests = tests.value;
    const at = this.rules.findIndex(rule => (rule.use ?? rule.name) === of.value);
    if (at < 0) return [...this.rules, own];
    if (!defaults?.checked) own.options = this.rules[at].options;
    return this.rules.map((rule, index) => (index === at ? own : rule));
  }

  show(errors) {
    const name = this.form.elements.name.value.trim();
    const [script, tests] = this.fields;
    script.show(errors.filter(error => error.script === name));
    tests.show(errors.filter(error => error.script === `${name}.test`));
    const others = errors.filter(error => ![name, `${name}.test`].includes(error.script));
    const told = others.map(error => `${error.script}, ${where(error, this.words)}: ${error.text}`);
    this.tell([this.sentence(errors), ...told].join(" "));
    this.announce(errors);
    // What is drawn is of a text that has no error.
    if (errors.length > 0) this.drawn.hidden = true;
  }

  sentence(errors) {
    if (errors.length === 0) return this.words.sound;
    const sentence = errors.length === 1 ? this.words.one : this.words.many;
    return sentence.replace("{count}", errors.length).replace("{place}", where(errors[0], this.words));
  }

  // Errors that are found, and that there are none any more; not the same again at each pause.
  announce(errors) {
    const said = errors.map(error => `${error.script} ${error.line} ${error.text}`).join("\n");
    if (said === this.said) return;
    this.speak(errors.length === 0 ? this.words.mended : `${this.sentence(errors)} ${errors[0].text}`);
    this.said = said;
  }

  tell(sentence) {
    this.state.textContent = sentence;
  }

  // As many as there is room for.
  columns() {
    const probe = this.section.appendChild(made("pre", "drawn"));
    const sign = probe.appendChild(document.createElement("span"));
    sign.textContent = "0".repeat(COLUMNS.least);
    const width = sign.getBoundingClientRect().width / COLUMNS.least;
    const style = getComputedStyle(probe);
    const room = probe.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    probe.remove();
    return Math.min(COLUMNS.most, Math.max(COLUMNS.least, Math.floor(room / width)));
  }
}

// An answer as JSON; what is refused is an error whose sentence is the server's.
async function fetched(path, options) {
  // What is told is for whoever reads the page, whatever language the browser is in.
  const asking = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
  const answer = await fetch(path, { ...options, headers: { ...asking, ...options.headers } });
  return answer.json();
}

// Where an error is, in words.
function where(error, words) {
  const parts = [];
  if (error.line !== null) parts.push(`${words.line} ${error.line}`);
  if (error.column !== null) parts.push(`${words.column} ${error.column}`);
  if (error.function !== null) parts.push(`${error.function}()`);
  if (error.task !== null) parts.push(`${words.task} ${error.task}`);
  return parts.length > 0 ? parts.join(", ") : words.whole;
}

function made(kind, classes) {
  const element = document.createElement(kind);
  element.className = classes;
  return element;
}
