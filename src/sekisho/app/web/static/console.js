// The console's own script: charts, graphs, uploads, progress, and the few keys that analysts use. No inline script runs here.
"use strict";
(() => {
  const csrf = document.querySelector('meta[name="csrf"]').content;
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const japanese = document.documentElement.lang === "ja";
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const TONES = { malicious: "critical", suspicious: "medium", clean: "good", unscanned: "informational" };

  function toast(text) {
    const place = document.getElementById("toast");
    place.textContent = text;
    setTimeout(() => { if (place.textContent === text) place.textContent = ""; }, 6000);
  }

  async function send(method, url, body, headers = {}) {
    const answer = await fetch(url, { method, body, headers: { "x-csrf-token": csrf, ...headers } });
    const told = answer.headers.get("content-type")?.startsWith("application/json") ? await answer.json() : {};
    if (!answer.ok) throw new Error(told.detail || told.error || `${answer.status}`);
    return told;
  }

  document.addEventListener("htmx:config:request", (event) => { event.detail.ctx.request.headers["X-CSRF-Token"] = csrf; });
  document.addEventListener("htmx:after:swap", () => draw(document));

  // Charts: what the page says in data-chart, in the page's colours.
  const tone = (name, at) => token(TONES[name] || (name !== undefined && name !== null ? (`${name}`.match(/^\d$/) ? `c${name}` : name) : `c${at % 8}`));
  function chart(place) {
    const spec = JSON.parse(place.dataset.chart);
    const drawn = echarts.init(place, null, { renderer: "svg", locale: japanese ? "JA" : "EN" });
    const ink = token("ink"), muted = token("muted"), line = token("line");
    const base = {
      animation: !calm, aria: { enabled: false, decal: { show: spec.series.length > 1 && spec.kind !== "line" } },
      textStyle: { fontFamily: "inherit", color: ink },
      tooltip: { renderMode: "richText", trigger: spec.kind === "ring" ? "item" : "axis", confine: true, backgroundColor: token("panel"), borderColor: line, textStyle: { color: ink } },
      legend: { show: spec.series.length > 1 || spec.kind === "ring", top: 0, right: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8, textStyle: { color: muted } },
    };
    if (spec.kind === "ring") {
      drawn.setOption({ ...base, series: [{ type: "pie", radius: ["55%", "80%"], center: ["32%", "55%"], label: { show: false },
        data: spec.labels.map((name, at) => ({ name, value: spec.series[0].values[at], itemStyle: { color: tone((spec.tones || [])[at], at) } })) }],
        legend: { ...base.legend, orient: "vertical", top: "middle", right: 8 } });
    } else {
      const across = spec.kind === "rows";
      const names = { type: "category", data: spec.labels, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: muted, hideOverlap: true, width: across ? 160 : undefined, overflow: "truncate" }, inverse: across };
      const amounts = { type: "value", minInterval: spec.whole === false ? 0 : 1, splitLine: { lineStyle: { color: token("soft") } }, axisLabel: { color: muted } };
      drawn.setOption({ ...base, grid: { left: 8, right: 12, top: base.legend.show ? 28 : 10, bottom: 4, outerBoundsMode: "same", containLabel: true },
        xAxis: across ? amounts : names, yAxis: across ? names : amounts,
        series: spec.series.map((one, at) => ({
          name: one.name, data: one.values, type: spec.kind === "line" || spec.kind === "area" ? "line" : "bar",
          stack: spec.kind === "stacked" || spec.kind === "area" ? "all" : undefined, areaStyle: spec.kind === "area" ? { opacity: .35 } : undefined,
          symbol: "none", barMaxWidth: 26, itemStyle: { color: tone(one.tone, at) }, lineStyle: { color: tone(one.tone, at), width: 2 },
          markArea: at === 0 && spec.marks ? { silent: true, itemStyle: { color: token("soft") }, label: { color: muted, position: "insideTop" }, data: spec.marks.map((mark) => [{ name: mark.name, xAxis: mark.from }, { xAxis: mark.to }]) } : undefined,
        })) });
    }
    new ResizeObserver(() => drawn.resize()).observe(place);
    place.chart = drawn;
  }

  // Graphs: the attack as entities and timed edges, left to right from the root. Nodes that come with a place keep it.
  const wide = (letter) => (/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(letter) ? 2 : 1);
  function boxed(text, columns = 23) {  // two lines of a box; what does not fit is cut in the middle, where names differ least
    const letters = [...text], total = letters.reduce((sum, one) => sum + wide(one), 0);
    let kept = letters;
    if (total > 2 * columns) {
      const head = [], tail = [];
      let left = 2 * columns - 2;
      for (let at = 0; at < letters.length / 2; at += 1) {
        left -= wide(letters[at]); if (left < 0) break; head.push(letters[at]);
        left -= wide(letters[letters.length - 1 - at]); if (left < 0) break; tail.unshift(letters[letters.length - 1 - at]);
      }
      kept = [...head, "…", ...tail];
    }
    let line = 0;
    return kept.map((one) => { line += wide(one); if (line <= columns) return one; line = wide(one); return `\n${one}`; }).join("");
  }
  function graph(place) {
    const given = JSON.parse(place.dataset.graph);
    const layers = { mail: "c0", file: "c4", endpoint: "c1", network: "c5", server: "c3" };
    const isPlaced = given.nodes.length > 0 && given.nodes.every((one) => Number.isFinite(one.x));
    const drawn = cytoscape({
      container: place, userZoomingEnabled: false, minZoom: .12, maxZoom: 2.5, autoungrabify: false,
      elements: [
        ...given.nodes.map((one) => ({ data: { ...one, text: boxed(one.label), colour: token(layers[one.layer] || "c7") }, position: isPlaced ? { x: one.x, y: one.y } : undefined })),
        ...given.edges.map((one, at) => ({ data: { ...one, id: `edge${at}` } })),
      ],
      style: [
        { selector: "node", style: { shape: "round-rectangle", width: 150, height: 38, "background-color": token("panel"), "border-width": 1.5, "border-color": "data(colour)", label: "data(text)", "text-wrap": "wrap", "text-max-width": 146, "font-size": 11, "text-valign": "center", "text-halign": "center", color: token("ink") } },
        { selector: "node[?root]", style: { "border-width": 3 } },
        { selector: 'node[verdict = "malicious"]', style: { "border-width": 3, "border-color": token("critical"), "background-color": token("critical-bg") } },
        { selector: 'node[verdict = "suspicious"]', style: { "border-width": 3, "border-color": token("medium"), "background-color": token("medium-bg") } },
        { selector: "node:selected", style: { "border-width": 4, "border-color": token("focus") } },
        { selector: "edge", style: { width: 1.3, "line-color": token("muted"), "target-arrow-color": token("muted"), "target-arrow-shape": "triangle", "arrow-scale": .8, "curve-style": "bezier", label: "data(label)", "font-size": 9, color: token("muted"), "text-background-color": token("raised"), "text-background-opacity": .92, "text-background-padding": 1, "min-zoomed-font-size": 6 } },
        { selector: "edge:selected, edge.near", style: { width: 2.4, "line-color": token("focus"), "target-arrow-color": token("focus"), color: token("ink") } },
      ],
      layout: isPlaced ? { name: "preset", fit: false } : { name: "breadthfirst", directed: true, direction: "rightward", spacingFactor: 1.05, nodeDimensionsIncludeLabels: true, animate: false, roots: given.nodes.filter((one) => one.root).map((one) => `#${one.id}`) },
    });
    // A graph is shown whole where its words stay legible, else from its causes on; the keys above it move and zoom.
    function whole() { drawn.fit(undefined, 18); }
    function start() {
      whole();
      if (drawn.zoom() < .62) {
        const box = drawn.elements().boundingBox();
        drawn.zoom(Math.max(drawn.zoom(), Math.min(.8, (drawn.height() - 36) / box.h)));
        if (drawn.zoom() < .62) drawn.zoom(.62);
        drawn.pan({ x: 18 - box.x1 * drawn.zoom(), y: drawn.height() / 2 - ((box.y1 + box.y2) / 2) * drawn.zoom() });
      } else if (drawn.zoom() > 1.15) { drawn.zoom(1.15); drawn.center(); }
    }
    start();
    drawn.on("tapstart", () => drawn.userZoomingEnabled(true));  // the wheel scrolls the page until somebody works with the graph
    place.addEventListener("mouseleave", () => drawn.userZoomingEnabled(false));
    const keys = document.createElement("div"), names = japanese ? ["全体", "拡大", "縮小"] : ["Fit", "Zoom in", "Zoom out"];
    keys.className = "graphkeys";
    [["⤢", whole], ["+", () => drawn.zoom({ level: drawn.zoom() * 1.25, renderedPosition: { x: drawn.width() / 2, y: drawn.height() / 2 } })], ["−", () => drawn.zoom({ level: drawn.zoom() / 1.25, renderedPosition: { x: drawn.width() / 2, y: drawn.height() / 2 } })]].forEach(([sign, act], at) => {
      const key = document.createElement("button");
      key.type = "button"; key.className = "button"; key.textContent = sign; key.title = names[at]; key.setAttribute("aria-label", names[at]);
      key.addEventListener("click", act);
      keys.append(key);
    });
    place.before(keys);
    place.parentElement.classList.add("keyed");
    drawn.on("tap", "node", (event) => {
      drawn.edges().removeClass("near");
      event.target.connectedEdges().addClass("near");
      const to = event.target.data("href");
      if (to && event.originalEvent.detail === 2) { location.href = to; return; }
      place.dispatchEvent(new CustomEvent("entity", { bubbles: true, detail: event.target.data() }));
    });
    drawn.on("tap", "edge", (event) => { if (event.target.data("ref")) place.dispatchEvent(new CustomEvent("entity", { bubbles: true, detail: { ref: event.target.data("ref") } })); });
    place.graph = drawn;
  }

  function draw(root) {
    if (window.echarts) root.querySelectorAll("[data-chart]").forEach((place) => { if (!place.chart) chart(place); });
    if (window.cytoscape) root.querySelectorAll("[data-graph]").forEach((place) => { if (!place.graph) graph(place); });
  }

  // Uploads: files go one by one as they are, so that the size of a case is no matter.
  async function* below(entry) {
    if (entry.isFile) yield [await new Promise((done, fail) => entry.file(done, fail)), entry.fullPath.replace(/^\//, "")];
    else {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((done, fail) => reader.readEntries(done, fail));
        if (!some.length) break;
        for (const one of some) yield* below(one);
      }
    }
  }
  async function upload(place, files) {
    const list = place.querySelector("[data-list]"), form = place.querySelector("form");
    let target = place.dataset.case, sent = 0, failed = 0;
    try {
      if (!target) target = (await send("POST", "/api/v1/cases", JSON.stringify({ name: form.elements.name.value || files[0][1] }), { "content-type": "application/json" })).id;
    } catch (error) { toast(error.message); return; }
    for (const [file, path] of files) {
      list.textContent = `${sent + failed + 1}/${files.length} ${path}`;
      const kind = form.elements.unpack?.checked && /\.zip$/i.test(path) ? "archive" : "files";
      try {
        const told = await send("POST", `/api/v1/cases/${target}/${kind}?path=${encodeURIComponent(path)}`, file, { "content-type": "application/octet-stream" });
        if (told.kept_whole) toast(`${path}: ${told.kept_whole}`);
        sent += 1;
      }
      catch (error) { failed += 1; const line = document.createElement("p"); line.className = "bad"; line.textContent = `${path}: ${error.message}`; place.append(line); }
    }
    if (sent) {
      try { await send("POST", `/api/v1/cases/${target}/investigate`); } catch (error) { toast(error.message); return; }
    }
    if (!failed) location.href = `/cases/${target}`;
  }
  document.querySelectorAll("[data-upload]").forEach((place) => {
    const drop = place.querySelector(".drop");
    drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", async (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      const entries = [...event.dataTransfer.items].map((one) => one.webkitGetAsEntry?.()).filter(Boolean), files = [];
      for (const entry of entries) for await (const one of below(entry)) files.push(one);
      if (files.length) upload(place, files);
    });
    place.querySelectorAll('input[type="file"]').forEach((input) => input.addEventListener("change", () => {
      const files = [...input.files].map((file) => [file, file.webkitRelativePath || file.name]);
      if (files.length) upload(place, files);
    }));
  });

  // Progress: the server says when jobs move; what shows them is asked for anew.
  if (document.querySelector("[data-live], [data-live-count]") && csrf) {
    const events = new EventSource("/api/v1/jobs/stream");
    const places = [...document.querySelectorAll("[data-live]")];
    let busy = Number(document.querySelector("[data-live-count]")?.hidden === false);
    events.addEventListener("jobs", async (event) => {
      const told = JSON.parse(event.data), count = document.querySelector("[data-live-count]");
      if (count) { count.hidden = !told.running; count.textContent = told.text; }
      for (const place of places) {
        const answer = await fetch(place.dataset.live, { headers: { "hx-request": "true" } });
        if (answer.ok) { place.innerHTML = await answer.text(); draw(place); }
      }
      if (busy && !told.running && places.some((place) => "liveReload" in place.dataset)) location.reload();
      busy = told.running;
    });
  }

  document.addEventListener("submit", (event) => {
    const asked = event.submitter?.dataset.confirm || event.target.dataset.confirm;
    if (asked && !confirm(asked)) event.preventDefault();
  });
  document.addEventListener("change", (event) => { if (event.target.matches("[data-submit]")) event.target.form.requestSubmit(); });
  document.addEventListener("click", (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard.writeText(copy.dataset.copy).then(() => toast(copy.dataset.copied || "✓"));
    const emptied = event.target.closest("[data-empty]");
    if (emptied) emptied.closest("td")?.replaceChildren();
    document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea, [contenteditable]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { event.preventDefault(); document.getElementById("q")?.focus(); }
    if (event.key === "j" || event.key === "k") {  // through the rows of the main table
      const rows = [...document.querySelectorAll("main table a.main")], at = rows.indexOf(document.activeElement);
      rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === "j" ? 1 : -1)))]?.focus();
    }
  });
  window.sekisho = { send, toast, draw };
  draw(document);
})();

// What is named together with one thing is drawn around it.
document.querySelectorAll(".star [data-graph]").forEach((place) => place.graph?.layout({
  name: "concentric", concentric: (node) => (node.data("root") ? 2 : 1), levelWidth: () => 1, minNodeSpacing: 34,
  startAngle: 0, nodeDimensionsIncludeLabels: true, animate: false, padding: 12,
}).run());
// Incident: what a sentence rests on opens beside it; a box of the graph opens the evidence of its edges.
(() => {
  const drawer = document.getElementById("drawer");
  if (!drawer) return;
  const body = drawer.querySelector("[data-body]"), page = drawer.querySelector("[data-page]");
  let origin = null;
  async function open(href, from) {
    const answer = await fetch(href, { headers: { "hx-request": "true" } });
    if (!answer.ok) { location.href = href; return; }
    origin?.classList.remove("open");
    origin = from;
    origin?.classList.add("open");
    body.innerHTML = await answer.text();
    page.href = href;
    drawer.hidden = false;
    drawer.scrollTop = 0;
    drawer.focus({ preventScroll: true });
  }
  function close() {
    drawer.hidden = true;
    origin?.classList.remove("open");
    origin?.focus({ preventScroll: true });
    origin = null;
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-drawer]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); open(link.href, link); }
    if (event.target.closest("[data-close]")) close();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !drawer.hidden) close(); });
  document.addEventListener("entity", (event) => open(`${drawer.dataset.base}/${event.detail.ref || `node-${event.detail.id}`}`, null));
})();

// Lists: one box chooses all rows of a form.
document.addEventListener("change", (event) => {
  const name = event.target.dataset?.all;
  if (name) event.target.form.querySelectorAll(`input[type="checkbox"][name="${name}"]`).forEach((one) => { one.checked = event.target.checked; });
});
