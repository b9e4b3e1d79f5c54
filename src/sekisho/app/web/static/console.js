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

  // Graphs: the attack as entities and timed edges, left to right from the root.
  function wrapped(text, most) { return text.length <= most ? text : text.match(new RegExp(`.{1,${most}}`, "gu")).slice(0, 3).join("\n"); }
  function graph(place) {
    const given = JSON.parse(place.dataset.graph);
    const layers = { mail: "c0", file: "c4", endpoint: "c1", network: "c5", server: "c3" };
    const drawn = cytoscape({
      container: place, wheelSensitivity: .2, minZoom: .15, maxZoom: 3, autoungrabify: false,
      elements: [
        ...given.nodes.map((one) => ({ data: { ...one, text: wrapped(one.label.length > 54 ? one.label.slice(0, 53) + "…" : one.label, 18), colour: token(layers[one.layer] || "c7") } })),
        ...given.edges.map((one, at) => ({ data: { ...one, id: `edge${at}` } })),
      ],
      style: [
        { selector: "node", style: { "background-color": "data(colour)", label: "data(text)", "text-wrap": "wrap", "font-size": 10, "text-valign": "bottom", "text-margin-y": 4, color: token("ink"), width: 22, height: 22, "text-background-color": token("raised"), "text-background-opacity": .85, "text-background-padding": 1 } },
        { selector: 'node[verdict = "malicious"]', style: { "border-width": 3, "border-color": token("critical") } },
        { selector: 'node[verdict = "suspicious"]', style: { "border-width": 3, "border-color": token("medium") } },
        { selector: "node[?root]", style: { shape: "diamond", width: 30, height: 30 } },
        { selector: "node:selected", style: { "border-width": 4, "border-color": token("focus") } },
        { selector: "edge", style: { width: 1.5, "line-color": token("muted"), "target-arrow-color": token("muted"), "target-arrow-shape": "triangle", "arrow-scale": .8, "curve-style": "bezier", label: "data(label)", "font-size": 8, color: token("muted"), "text-rotation": "autorotate", "text-background-color": token("raised"), "text-background-opacity": .9, "min-zoomed-font-size": 7 } },
      ],
      layout: { name: "breadthfirst", directed: true, direction: "rightward", spacingFactor: 1.15, nodeDimensionsIncludeLabels: true, animate: false, roots: given.nodes.filter((one) => one.root).map((one) => `#${one.id}`) },
    });
    drawn.on("tap", "node", (event) => { const to = event.target.data("href"); if (to && event.originalEvent.detail === 2) location.href = to; });
    drawn.on("tap", "node", (event) => place.dispatchEvent(new CustomEvent("entity", { bubbles: true, detail: event.target.data() })));
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
