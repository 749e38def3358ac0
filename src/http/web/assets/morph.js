// Turns a part of the page into its newer state, and touches only what differs: what has the focus keeps it, what was
// opened stays open, and a screen reader is not sent back to the top.

const keyOf = node => node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.key : undefined;

const isSameKind = (now, next) => now.nodeType === next.nodeType && now.nodeName === next.nodeName;

function morphAttributes(now, next) {
  for (const { name } of [...now.attributes]) {
    const isReaders = name === "open" && now.localName === "details";
    if (!isReaders && !next.hasAttribute(name)) now.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
}

function morphChildren(now, next) {
  const keyed = new Map([...now.children].filter(keyOf).map(child => [keyOf(child), child]));
  let place = now.firstChild;
  for (const wanted of [...next.childNodes]) {
    const key = keyOf(wanted);
    // One with a key is found wherever it is; one without has to be at its place.
    const found = key ? keyed.get(key) : place && !keyOf(place) ? place : undefined;
    if (!found || !isSameKind(found, wanted)) {
      now.insertBefore(document.importNode(wanted, true), place);
      continue;
    }
    if (found === place) place = place.nextSibling;
    else now.insertBefore(found, place);
    morphNode(found, wanted);
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

function morphNode(now, next) {
  if (now.isEqualNode(next)) return;
  if (now.nodeType !== Node.ELEMENT_NODE) {
    now.nodeValue = next.nodeValue;
    return;
  }
  morphAttributes(now, next);
  morphChildren(now, next);
}

// `now` is in the page, `next` may be of another document.
export function morph(now, next) {
  const focused = document.activeElement;
  morphNode(now, next);
  // Whoever was moved has lost it.
  if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
}
