// What a line was understood to say, and where its task would land, as it is typed.

const PAUSE_MS = 200;

export function start(form, app) {
  const { line } = form.elements;
  const region = () => document.getElementById("quick-told");
  let timer;
  let asking;

  const look = async () => {
    asking?.abort();
    if (!line.value.trim()) {
      region().replaceChildren();
      return;
    }
    const current = asking = new AbortController();
    const body = new URLSearchParams(new FormData(form));
    body.set("look", "true");
    try {
      const { answer, page } = await app.fetchPage(form.action, { method: "POST", body, signal: current.signal });
      const next = page.getElementById("quick-told");
      // What was typed meanwhile is asked for already.
      if (answer.ok && next && !current.signal.aborted) app.morph(region(), next);
    } catch {
      // Aborted, or not connected: what one adds is told then.
    }
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  };
  form.addEventListener("input", soon);
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    asking?.abort();
  });
}
