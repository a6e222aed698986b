// Search: what was understood of the words, and why each product is there. All of it comes from
// GET and POST /v1/search; nothing is computed here.
import { $, call, detail, el, fail, lang, money, state } from "/web/app.js";

const words = {
  en: { placeholder: "red mugs under £20, not christmas", title: "Found", none: "Nothing found.", read: "was read as", price: "the price is", stock: "in stock", absence: "no fact and no word of its title says so", product: "this is it", said: "its words", refused: "not", unmet: "nothing shows this", total: "products" },
  zh: { placeholder: "20英镑以下的儿童雨靴", title: "搜索结果", none: "没有找到。", read: "理解为", price: "价格为", stock: "有库存", absence: "没有事实或标题这样说", product: "就是这件商品", said: "其中的文字", refused: "不要", unmet: "没有依据", total: "件商品" },
};
const intents = {
  en: { find: "find", browse: "browse", navigate: "go to", compare: "compare", substitute: "instead of", gift: "gift", complement: "goes with" },
  zh: { find: "查找", browse: "浏览", navigate: "直达", compare: "比较", substitute: "替代", gift: "送礼", complement: "搭配" },
};
const say = (key) => words[lang()][key];

function understood(query) {
  const parts = Object.fromEntries(query.parts.map((part) => [part.start, part]));
  const characters = [...query.text]; // spans count characters, not UTF-16 units
  const out = [];
  let at = 0;
  for (const span of query.spans) {
    out.push(characters.slice(at, span.start).join(""));
    const part = parts[span.start];
    const sign = part && part.compare !== "=" ? `${part.compare === ">=" ? "≥" : "≤"} ` : "";
    const meaning = part ? `${sign}${part.name}` : "";
    out.push(el("span", { class: `meant ${span.meaning}`, title: part ? part.id : span.meaning },
      characters.slice(span.start, span.end).join(""),
      part ? el("small", {}, span.meaning === "not" ? `${say("refused")} ${meaning}` : meaning) : null));
    at = span.end;
  }
  return el("p", { class: "understood" }, el("b", {}, intents[lang()][query.intent]), " ", ...out);
}

function evidence(met) {
  if (met.fact) {
    const from = met.fact.field ? `“${met.fact.text}”, ${met.fact.field}` : met.fact.source;
    return `${met.fact.label}: ${met.fact.name} (${from}, ${met.fact.confidence.toFixed(2)})`;
  }
  if (met.evidence === "words") return `${say("said")} “${met.words.join(" ")}”`;
  if (met.evidence === "price") return `${say("price")} ${met.price.toFixed(2)}`;
  return say(met.evidence);
}

function result(item) {
  const sum = Object.entries(item.terms).map(([name, value]) => `${name} ${value.toFixed(3)}`).join(" + ");
  return el("li", { class: "result" },
    el("div", { class: "head" },
      el("span", { class: "rank" }, `${item.rank}`),
      el("button", { class: "name", onclick: () => detail(item.product.id) }, item.product.title),
      item.side_name ? el("span", { class: "side" }, item.side_name) : null,
      el("span", { class: "price" }, money(item.product)),
      el("span", { class: "score" }, item.score.toFixed(3))),
    el("ul", { class: "reasons" },
      ...item.met.map((met) => el("li", { class: "met" }, el("b", {}, met.text), ` ${evidence(met)}`)),
      ...item.unmet.map((unmet) => el("li", { class: "unmet" }, el("b", {}, unmet.text), ` ${say("unmet")}`))),
    el("p", { class: "sum" }, `${item.score.toFixed(3)} = ${sum}`));
}

function show(data) {
  $("title").textContent = `${say("title")}: ${data.total} ${say("total")}`;
  $("message").className = "quiet";
  $("message").replaceChildren(
    understood(data.query),
    ...data.query.repairs.map((repair) => el("p", {}, `“${repair.text}” ${say("read")} “${repair.read_as}”`)),
    ...data.relaxed.map((item) => el("p", { class: "relaxed" }, item.words)),
    ...data.notes.map((note) => el("p", { class: "relaxed" }, note.text)));
  $("answers").replaceChildren(...(data.results.length ? data.results.map(result) : [el("li", {}, say("none"))]));
}

async function ask() {
  const q = $("ask").value.trim();
  if (!q) return;
  const body = { q, k: 10 };
  if (state.user !== null) body.user = state.user;
  else if (state.history.length) body.history = state.history.map((id) => ({ product_id: id }));
  try { show(await call("/v1/search", body)); } catch (error) { fail(error); }
}

const hint = () => { $("ask").placeholder = say("placeholder"); };
$("ask-form").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
$("lang").addEventListener("change", hint);
hint();
const start = new URLSearchParams(location.search);
if (start.get("q")) { $("ask").value = start.get("q"); ask(); }
