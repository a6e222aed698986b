// Finds concepts by any of their labels; the list is in concepts.js.
const input = document.getElementById("search");
const found = document.getElementById("found");
const list = document.createElement("script");
list.src = "concepts.js";
document.head.append(list);
input.addEventListener("input", () => {
  const wanted = input.value.trim().toLowerCase();
  found.replaceChildren();
  if (!wanted || !window.CONCEPTS) return;
  const rank = ([, labels]) => Math.min(...labels.map((l) => l.toLowerCase().indexOf(wanted)).filter((i) => i >= 0));
  const hits = window.CONCEPTS.filter(([, labels]) => labels.some((l) => l.toLowerCase().includes(wanted)));
  hits.sort((a, b) => rank(a) - rank(b) || a[1][0].length - b[1][0].length);
  for (const [href, labels, id] of hits.slice(0, 20)) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = href;
    link.textContent = labels[0];
    const code = document.createElement("code");
    code.textContent = ` ${id}`;
    item.append(link, code);
    found.append(item);
  }
});
