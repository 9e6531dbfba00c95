// Pans, zooms and folds a drawn graph. Places clusters and routes links as lanes.py does, so that folding closes up.
"use strict";
(() => {
  const { clusters, links, space } = JSON.parse(document.getElementById("data").textContent);
  const svg = document.querySelector("svg"), scene = document.getElementById("scene");
  const part = (kind, i) => document.getElementById(kind + i);
  const folded = new Set();
  const width = (i) => (folded.has(i) ? clusters[i].folded : clusters[i].width);
  const height = (i) => (folded.has(i) ? space.header + 8 : clusters[i].height);
  const direct = (a, b) =>
    a.lane === b.lane && b.row - a.row === (a.phase === "backward" && b.phase === "backward" ? -1 : 1);
  const gutter = (a, b) => (b.lane > a.lane ? b.lane - 1 : b.lane < a.lane ? b.lane : a.lane - 1);
  let size = [0, 0], right = {};

  function place() {
    const cells = {}, used = {}, tracks = {};
    clusters.forEach((c, i) => ((cells[c.row] ??= {})[c.lane] ??= []).push(i));
    const across = (cell) => cell.reduce((sum, i) => sum + width(i), 0) + space.apart * (cell.length - 1);
    const lanes = [...new Set(clusters.map((c) => c.lane))].sort((a, b) => a - b);
    const rows = Object.keys(cells).map(Number).sort((a, b) => a - b);
    for (const row of rows)
      for (const lane in cells[row]) used[lane] = Math.max(used[lane] || 0, across(cells[row][lane]));
    for (const l of links) {
      const a = clusters[l.a], b = clusters[l.b];
      if (!direct(a, b)) (tracks[gutter(a, b)] ??= new Set()).add(l.start);
    }
    const wide = (lane, none) =>
      tracks[lane] ? space.gutter + space.track * Math.min(tracks[lane].size, 24) : none;
    let x = space.edge, y = space.edge;
    const lefts = {};
    for (const lane of lanes) {
      x += lane ? wide(lane - 1, space.gutter) : wide(-1, 0);
      lefts[lane] = x;
      x += used[lane];
    }
    for (const row of rows) {
      const all = Object.values(cells[row]).flat(), tallest = Math.max(...all.map(height));
      for (const lane in cells[row]) {
        let left = lefts[lane] + (used[lane] - across(cells[row][lane])) / 2;
        for (const i of cells[row][lane]) {
          clusters[i].x = left;
          clusters[i].y = y + (tallest - height(i)) / 2;
          left += width(i) + space.apart;
        }
      }
      y += tallest + space.down;
    }
    size = [x + space.edge + wide(lanes[lanes.length - 1], 0), y];
    right = {};
    clusters.forEach((c, i) => (right[c.lane] = Math.max(right[c.lane] || 0, c.x + width(i))));
  }

  function end(i, box) {
    const c = clusters[i];
    if (folded.has(i)) return { x: c.x, y: c.y, w: width(i), h: height(i) };
    return { x: c.x + box[0], y: c.y + box[1], w: box[2], h: box[3] };
  }

  function route(l, used) {
    const a = clusters[l.a], b = clusters[l.b], s = end(l.a, l.from), t = end(l.b, l.to);
    if (direct(a, b)) {
      const up = b.row < a.row, x0 = s.x + s.w / 2, x1 = t.x + t.w / 2;
      const y0 = s.y + (up ? 0 : s.h), y1 = t.y + (up ? t.h : 0);
      const moved = (i, way) => (folded.has(i) ? [] : way.map(([x, y]) => [clusters[i].x + x, clusters[i].y + y]));
      const way = [[x0, y0], ...moved(l.a, l.leave), ...moved(l.b, l.enter), [x1, y1]];
      let path = `M${x0} ${y0}`;
      for (let i = 1; i < way.length; i++) {
        const m = (way[i - 1][1] + way[i][1]) / 2;
        path += `C${way[i - 1][0]} ${m} ${way[i][0]} ${m} ${way[i][0]} ${way[i][1]}`;
      }
      return path;
    }
    const lane = gutter(a, b), tracks = (used[lane] ??= new Map());
    if (!tracks.has(l.start)) tracks.set(l.start, tracks.size);
    const edge = lane >= 0 ? right[lane] ?? space.edge : space.edge;
    const x = edge + space.gutter / 2 - 6 + space.track * (tracks.get(l.start) % 24);
    const x0 = s.x + (a.lane <= lane ? s.w : 0), y0 = s.y + s.h / 2;
    const x1 = t.x + (b.lane <= lane ? t.w : 0), y1 = t.y + t.h / 2;
    const r = Math.min(space.corner, Math.abs(y1 - y0) / 2, Math.abs(x - x0), Math.abs(x1 - x));
    const d = y1 > y0 ? 1 : -1, p = x > x0 ? 1 : -1, q = x1 > x ? 1 : -1;
    return `M${x0} ${y0}H${x - p * r}Q${x} ${y0} ${x} ${y0 + d * r}V${y1 - d * r}Q${x} ${y1} ${x + q * r} ${y1}H${x1}`;
  }

  function show() {
    place();
    clusters.forEach((c, i) => {
      const at = `translate(${c.x} ${c.y})`, back = part("f", i).querySelector(".back");
      part("f", i).setAttribute("transform", at);
      part("c", i).setAttribute("transform", at);
      part("c", i).classList.toggle("folded", folded.has(i));
      // what is folded stands above the links that pass it
      scene.insertBefore(part("f", i), folded.has(i) ? part("c", i) : scene.firstChild);
      back.setAttribute("width", width(i));
      back.setAttribute("height", height(i));
    });
    const used = {};
    links.forEach((l, i) => part("l", i).setAttribute("d", route(l, used)));
  }

  let view = { x: 0, y: 0, k: 1 };
  const apply = () => scene.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.k})`);
  function fit() {
    const box = svg.getBoundingClientRect();
    view.k = Math.min(1.4, box.width / size[0], box.height / size[1]);
    view.x = (box.width - size[0] * view.k) / 2;
    view.y = (box.height - size[1] * view.k) / 2;
    apply();
  }
  function zoom(factor, x, y) {
    const k = Math.min(6, Math.max(0.04, view.k * factor));
    view = { x: x - ((x - view.x) * k) / view.k, y: y - ((y - view.y) * k) / view.k, k };
    apply();
  }
  svg.addEventListener("wheel", (e) => {
    e.preventDefault();
    const box = svg.getBoundingClientRect();
    zoom(Math.exp(-e.deltaY * 0.0015), e.clientX - box.left, e.clientY - box.top);
  }, { passive: false });
  let drag = null;
  svg.addEventListener("pointerdown", (e) => (drag = { x: e.clientX, y: e.clientY, far: 0 }));
  addEventListener("pointermove", (e) => {
    if (!drag) return;
    view.x += e.clientX - drag.x;
    view.y += e.clientY - drag.y;
    drag = { x: e.clientX, y: e.clientY, far: drag.far + Math.abs(e.clientX - drag.x) + Math.abs(e.clientY - drag.y) };
    apply();
  });
  let moved = 0;
  addEventListener("pointerup", () => { moved = drag ? drag.far : 0; drag = null; });
  function toggle(i) {
    const before = [clusters[i].x, clusters[i].y];
    folded.has(i) ? folded.delete(i) : folded.add(i);
    show();
    view.x += (before[0] - clusters[i].x) * view.k; // what was clicked stays where it is
    view.y += (before[1] - clusters[i].y) * view.k;
    apply();
  }
  clusters.forEach((c, i) => {
    const click = () => moved < 4 && toggle(i);
    part("f", i).addEventListener("click", click);
    part("c", i).querySelector(".label").addEventListener("click", click);
  });
  const all = (fold) => () => { folded.clear(); if (fold) clusters.forEach((c, i) => folded.add(i)); show(); fit(); };
  document.getElementById("fold").addEventListener("click", all(true));
  document.getElementById("open").addEventListener("click", all(false));
  document.getElementById("fit").addEventListener("click", fit);
  addEventListener("keydown", (e) => {
    if (e.key === "0") fit();
    if (e.key === "+" || e.key === "=") zoom(1.25, innerWidth / 2, innerHeight / 2);
    if (e.key === "-") zoom(0.8, innerWidth / 2, innerHeight / 2);
  });
  addEventListener("resize", fit);
  show();
  fit();
})();
