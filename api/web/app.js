// The demo page: a shopper or a made-up history in, explained recommendations out.
// Everything shown comes from the HTTP API; nothing is computed here but percentages.

const $ = (id) => document.getElementById(id);
const words = {
  en: { history: "History", recommended: "Recommended", rest: "the rest", sum: "score", none: "No path leads here; no story is told.", similar: "Similar products", facts: "What is known", you: "you", stock: "in stock", out: "out of stock", weeks: "units a week", add: "add", remove: "remove", empty: "Nothing found." },
  zh: { history: "浏览记录", recommended: "推荐", rest: "其余", sum: "得分", none: "没有路径，不作解释。", similar: "相似商品", facts: "已知事实", you: "您", stock: "件库存", out: "缺货", weeks: "件/周", add: "添加", remove: "移除", empty: "没有找到。" },
};
const state = { user: null, history: [] };
const lang = () => $("lang").value;
const say = (key) => words[lang()][key];

const family = (channel) => (["co_purchase", "text", "gnn", "kin"].includes(channel) ? channel : "propagated");

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

async function call(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const data = await response.json();
  if (!response.ok) throw new Error(data.detail);
  return data;
}

const money = (product) => product.price === null || product.price === undefined ? "" :
  new Intl.NumberFormat(lang(), { style: "currency", currency: product.currency || "GBP" }).format(product.price);

function card(product, label, act) {
  return el("li", {},
    el("span", { class: "name" }, product.title),
    el("span", { class: "price" }, money(product)),
    act ? el("button", { "aria-label": `${label} ${product.title}`, onclick: act }, label === say("add") ? "+" : "×") : null);
}

const percent = (share) => `${(100 * share).toFixed(share < 0.0995 && share > -0.0995 ? 1 : 0)} %`;

function thread(path) {
  const names = Object.fromEntries(path.nodes.map((node) => [node.id, node.label === "User" ? say("you") : node.name]));
  const parts = [];
  let at = path.nodes[0]?.id;
  if (at) parts.push(el("span", { class: "node", title: at }, names[at]));
  const product = path.nodes.at(-1)?.id;
  const own = path.edges.findIndex((edge) => edge.subject === product);  // from here on it is walked backwards
  const walk = own < 0 ? path.edges : [...path.edges.slice(0, own), ...path.edges.slice(own).reverse()];
  for (const edge of walk) {
    const forward = edge.subject === at;
    const to = forward ? edge.object : edge.subject;
    const from = edge.text ? `“${edge.text}” in ${edge.field}, ${edge.source}, confidence ${edge.confidence.toFixed(2)}` : `${edge.source}, confidence ${edge.confidence.toFixed(2)}`;
    if (edge.subject !== at && edge.object !== at && edge.subject === path.kin) {
      parts.push(el("span", { class: "edge" }, "⇢"), el("span", { class: "node", title: path.kin }, names[path.kin]));
      parts.push(el("span", { class: "edge", title: from }, `– ${edge.type} →`), el("span", { class: "node", title: edge.object }, names[edge.object]));
      at = edge.object;
      continue;
    }
    if (edge.subject !== at && edge.object !== at) {
      parts.push(el("span", { class: "edge" }, "⇢"), el("span", { class: "node", title: edge.object }, names[edge.object]));
      parts.push(el("span", { class: "edge", title: from }, `← ${edge.type} –`), el("span", { class: "node", title: edge.subject }, names[edge.subject]));
      at = edge.subject;
      continue;
    }
    parts.push(el("span", { class: "edge", title: from }, forward ? `– ${edge.type} →` : `← ${edge.type} –`));
    parts.push(el("span", { class: "node", title: to }, names[to]));
    at = to;
  }
  const last = path.nodes.at(-1);
  if (last && at !== last.id) parts.push(el("span", { class: "edge" }, "⇢"), el("span", { class: "node", title: last.id }, last.name));
  return el("div", { class: `thread ${path.evidence}` }, ...parts);
}

function answer(item) {
  const shown = item.paths.reduce((sum, path) => sum + path.value, 0);
  const rest = item.rest.reduce((sum, part) => sum + part.value, 0);
  const parts = [
    ...item.paths.map((path) => ({ value: path.value, css: `bg-${path.evidence}`, title: path.words })),
    ...item.rest.map((part) => ({ value: part.value, css: `rest bg-${family(part.channel)}`, title: `${say("rest")}: ${part.label}` })),
  ].filter((part) => part.value > 0);
  const whole = parts.reduce((sum, part) => sum + part.value, 0);
  const bar = el("div", { class: "bar", role: "img", "aria-label": say("sum") },
    ...parts.map((part) => el("span", { class: part.css, style: `width:${(100 * part.value) / whole}%`, title: `${part.title} ${percent(part.value / item.score)}` })));
  const paths = item.paths.map((path) => el("li", {},
    el("span", { class: `share ${path.evidence}` }, percent(path.share)),
    el("div", {}, el("div", { class: "words" }, path.words), thread(path))));
  const channels = item.rest.filter((part) => Math.abs(part.share) >= 0.0005)
    .map((part) => `${part.label} ${percent(part.share)}`).join(", ");
  return el("li", {},
    el("div", { class: "head" },
      el("span", { class: "rank" }, `${item.rank}`),
      el("button", { class: "name", onclick: () => detail(item.product.id) }, item.product.title),
      el("span", { class: "price" }, money(item.product)),
      el("span", { class: "score" }, `${say("sum")} ${item.score.toFixed(4)}`)),
    bar,
    paths.length ? el("ul", { class: "paths" }, ...paths) : el("p", { class: "quiet" }, say("none")),
    el("p", { class: "sum" }, `${item.score.toFixed(4)} = ${shown.toFixed(4)} + ${say("rest")} ${rest.toFixed(4)}: ${channels}`));
}

function show(data, title) {
  $("title").textContent = title;
  $("message").textContent = "";
  $("message").className = "quiet";
  $("snapshot").textContent = `${data.snapshot.dataset} · ${data.snapshot.id}`;
  $("answers").replaceChildren(...(data.recommendations || data.similar).map(answer));
}

function fail(error) {
  $("message").textContent = error.message;
  $("message").className = "error";
  $("answers").replaceChildren();
}

function showHistory(products) {
  $("history-title").textContent = say("history");
  const removable = state.user === null;
  $("history").replaceChildren(...products.map((product) =>
    card(product, say("remove"), removable ? () => { state.history = state.history.filter((id) => id !== product.id); refresh(); } : null)));
}

async function refresh() {
  const query = `lang=${lang()}&k=10&paths=3`;
  try {
    if (state.user !== null) {
      const data = await call(`/v1/users/${encodeURIComponent(state.user)}/recommendations?${query}`);
      show(data, `${say("recommended")}: ${state.user}`);
      showHistory(data.history);
    } else if (state.history.length) {
      const history = state.history.map((id) => ({ product_id: id }));
      const data = await call("/v1/recommendations", { history, lang: lang(), k: 10, paths: 3 });
      show(data, say("recommended"));
      showHistory(data.history);
    } else {
      $("answers").replaceChildren();
      showHistory([]);
    }
  } catch (error) { fail(error); }
}

let newest = 0;
async function find() {
  const turn = ++newest;
  const q = $("q").value.trim();
  if (!q) { $("found").replaceChildren(); return; }
  try {
    const data = await call(`/v1/products?q=${encodeURIComponent(q)}&limit=8&lang=${lang()}`);
    if (turn !== newest) return; // an older answer came late
    const cards = data.products.map((product) => card(product, say("add"), () => {
      if (state.user !== null) state.history = [];
      state.user = null;
      state.history = [...state.history.filter((id) => id !== product.id), product.id];
      refresh();
    }));
    $("found").replaceChildren(...(cards.length ? cards : [el("li", {}, say("empty"))]));
  } catch (error) { fail(error); }
}

function marked(text, facts, field) {
  const spans = facts.filter((fact) => fact.field === field && fact.start !== null && fact.start !== undefined)
    .sort((a, b) => a.start - b.start || b.end - a.end);
  const characters = [...text]; // spans count characters, not UTF-16 units
  const out = [];
  let at = 0;
  for (const fact of spans) {
    if (fact.start < at) continue;
    out.push(characters.slice(at, fact.start).join(""), el("mark", { title: `${fact.label}: ${fact.name}` }, characters.slice(fact.start, fact.end).join("")));
    at = fact.end;
  }
  out.push(characters.slice(at).join(""));
  return out;
}

async function detail(id) {
  const path = `/v1/products/${encodeURIComponent(id)}`;
  const [page, similar] = await Promise.all([call(`${path}?lang=${lang()}`), call(`${path}/similar?k=5&paths=1&lang=${lang()}`)]);
  const stock = page.stock === null ? "" : page.stock > 0 ? `${page.stock} ${say("stock")}` : say("out");
  const rate = page.units_per_week === null ? "" : `${page.units_per_week.toFixed(1)} ${say("weeks")}`;
  $("detail-body").replaceChildren(
    el("h2", {}, ...marked(page.product.title, page.facts, page.title_field)),
    el("p", {}, ...marked(page.description, page.facts, page.description_field)),
    el("p", { class: "quiet" }, [page.product.brand, money(page.product), stock, rate].filter(Boolean).join(" · ")),
    el("h2", {}, say("facts")),
    el("table", {}, ...page.facts.map((fact) => el("tr", {}, el("td", {}, fact.label), el("td", {}, fact.name), el("td", { class: "quiet" }, fact.field ? `“${fact.text}”, ${fact.field}` : fact.source), el("td", { class: "quiet" }, fact.confidence.toFixed(2))))),
    el("h2", {}, say("similar")),
    el("ul", { class: "paths" }, ...similar.similar.map((item) => el("li", {},
      el("span", { class: "share quiet" }, item.score.toFixed(3)),
      el("div", {}, el("div", {}, item.product.title), el("div", { class: "quiet" }, item.paths.map((p) => p.words).join(" ")))))));
  $("detail").showModal();
}

$("user-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if ($("user").value.trim()) { state.user = $("user").value.trim(); refresh(); }
});
$("search-form").addEventListener("submit", (event) => { event.preventDefault(); find(); });
$("q").addEventListener("input", find);
$("lang").addEventListener("change", () => { refresh(); find(); });
$("detail").querySelector(".close").addEventListener("click", () => $("detail").close());

const start = new URLSearchParams(location.search);
if (start.get("lang")) $("lang").value = start.get("lang");
if (start.get("user")) { $("user").value = start.get("user"); state.user = start.get("user"); }
if (start.get("products")) state.history = start.get("products").split(",");
call("/v1/health").then((data) => { $("snapshot").textContent = `${data.snapshot.dataset} · ${data.snapshot.id}`; }).catch(fail);
refresh();

export { $, call, detail, el, fail, lang, money, state };
