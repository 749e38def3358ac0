// Keeps the last week that was seen, for when there is no connection, and what it needs to look right. VERSION and ASSETS
// stand before this. Nothing else is kept, and nothing of a week once nobody is signed in.

const OWN = `assets-${VERSION}`;
const WEEK = "week";

// Grows when somebody leaves, so that what was under way then is not kept.
let left = 0;

async function forget() {
  left += 1;
  await caches.delete(WEEK);
}

const isWeek = url => url.pathname === "/";
const isPage = answer => answer.ok && !answer.redirected && answer.headers.get("content-type")?.startsWith("text/html");

async function keep(answer, before) {
  // When it was seen, as the page that is shown from here says.
  const headers = new Headers({ "content-type": "text/html; charset=utf-8", "x-seen": new Date().toISOString() });
  const policy = answer.headers.get("content-security-policy");
  if (policy) headers.set("content-security-policy", policy);
  const page = await answer.blob();
  if (left !== before) return;
  const cache = await caches.open(WEEK);
  await cache.put("/", new Response(page, { headers }));
  // Somebody left while it was put away.
  if (left !== before) await caches.delete(WEEK);
}

async function kept() {
  const answer = await (await caches.open(WEEK)).match("/");
  if (!answer) return Response.error();
  const page = (await answer.text()).replace("<body ", `<body data-kept="${answer.headers.get("x-seen")}" `);
  return new Response(page, { headers: answer.headers });
}

async function open(event, isOfWeek) {
  const { request } = event;
  let answer;
  const before = left;
  try {
    answer = await fetch(request);
  } catch (error) {
    if (request.mode !== "navigate") throw error;
    return isOfWeek ? kept() : Response.redirect("/");
  }
  // A page leads elsewhere, or is refused, where nobody is signed in any more. Where a navigation is led to is not to be
  // seen here: then rather nothing is kept.
  const isRefused = answer.status === 401 || answer.type === "opaqueredirect" || answer.redirected;
  if (isRefused || /^\/(login|setup|welcome)/.test(new URL(request.url).pathname)) await forget();
  // A page that cannot be kept, because the disk is full for instance, is shown all the same.
  else if (isOfWeek && isPage(answer)) event.waitUntil(keep(answer.clone(), before).catch(() => {}));
  return answer;
}

async function asset(request) {
  const kept = await caches.match(request);
  // By whatever address, rather than not at all.
  return kept ?? fetch(request).catch(async () => (await caches.match(request, { ignoreSearch: true })) ?? Response.error());
}

// Whoever signs in or out is another one than before.
async function change(request) {
  await forget();
  const answer = await fetch(request);
  // What another window asked for meanwhile may still be of whoever was there before.
  await forget();
  return answer;
}

addEventListener("install", event => {
  event.waitUntil(caches.open(OWN).then(cache => cache.addAll(ASSETS)).then(() => skipWaiting()));
});

addEventListener("activate", event => {
  const isOld = name => name.startsWith("assets-") && name !== OWN;
  const forget = caches.keys().then(names => Promise.all(names.filter(isOld).map(name => caches.delete(name))));
  event.waitUntil(forget.then(() => clients.claim()));
});

addEventListener("fetch", event => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && /^\/(auth\/|setup)/.test(url.pathname)) event.respondWith(change(request));
  else if (request.method !== "GET") return;
  else if (url.pathname.startsWith("/assets/")) event.respondWith(asset(request));
  else if (request.mode === "navigate" || isWeek(url)) event.respondWith(open(event, isWeek(url)));
});
