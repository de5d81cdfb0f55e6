(() => {
  "use strict";
  const { button, data, define, html, number, say, still, svg } = window.mfbook;
  const { films, mean, plane } = data.map;
  const [width, height] = plane.canvas;
  const [middleX, middleY] = plane.middle;
  const [STEP, SHOWN, MARGIN] = [0.05, 10, 12];

  /* All films, the highest prediction first: equation (8.1) without a bias of the user. */
  const ranked = (user) =>
    films
      .map((film, n) => {
        const taste = film.vector.reduce((sum, q, f) => sum + q * user[f], 0);
        return { n, title: film.title, stars: mean + film.bias + taste };
      })
      .sort((one, other) => other.stars - one.stars);

  // A user's vector and a film's vector are drawn to one scale.
  const toX = (value) => middleX + value * plane.unit;
  const toY = (value) => middleY - value * plane.unit;
  const within = (value, end) => Math.max(MARGIN, Math.min(end - MARGIN, value));
  const rounded = (value) => Math.round(value * 1000) / 1000;
  const toVector = (x, y) => [
    rounded((within(x, width) - middleX) / plane.unit),
    rounded((middleY - within(y, height)) / plane.unit),
  ];

  const top = (user) => ranked(user).slice(0, SHOWN);
  const FIRST = new Set(top([0, 0]).map(({ n }) => n));
  const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  const told = (user, list) => {
    const [best] = list;
    const leads = `${best.title} leads with ${number(best.stars, 2)} stars`;
    if (!user[0] && !user[1]) return `In the middle nothing is known of your taste, so each film has its mean and bias only: ${leads}.`;
    const fresh = list.filter(({ n }) => !FIRST.has(n)).length;
    const nearest = films.reduce((one, other) => (Math.hypot(...other.vector.map((q, f) => q - user[f])) < Math.hypot(...one.vector.map((q, f) => q - user[f])) ? other : one));
    const place = ranked(user).findIndex(({ title }) => title === nearest.title) + 1;
    return `You stand nearest to ${nearest.title}, which is number ${place} of ${films.length}. ${leads}, and ${fresh} of the ten were not on the list in the middle.`;
  };

  const row = ({ title }) => html("li", {}, html("span", {}, title), html("span", { class: "amount" }));

  /* A film's dot and, on the side that was chosen for it, its name. */
  const mark = ({ title, vector, side }) => {
    const [x, y, gap] = [toX(vector[0]), toY(vector[1]), 10];
    const down = { above: -gap - 2, below: gap + plane.letters - 2 }[side] ?? plane.letters / 2 - 2;
    const across = { left: -gap, right: gap }[side] ?? 0;
    const anchor = { left: "end", right: "start" }[side] ?? "middle";
    const name = svg("text", { x: x + across, y: y + down, "text-anchor": anchor }, title);
    return svg("g", { class: "film" }, svg("circle", { cx: x, cy: y, r: 4 }), name);
  };

  class FilmMap extends window.mfbook.Demonstration {
    static ranked = ranked;

    draw(stage) {
      this.user = [0, 0];
      this.list = html("ol", {});
      this.now = html("p", { class: "mf-now" });
      this.rows = films.map(row);
      this.marks = films.map(mark);
      this.handle = this.makeHandle();
      this.arrow = svg("line", { class: "arrow", x1: toX(0), y1: toY(0) });
      this.border = svg("line", { class: "border" });
      const middle = svg("circle", { class: "middle", cx: toX(0), cy: toY(0), r: 4 });
      this.map = svg("svg", { class: "map", viewBox: `0 0 ${width} ${height}`, style: `font-size:${plane.letters}px` },
        this.border, this.marks, middle, this.arrow, this.handle);
      const back = button("Back to the middle", () => this.move([0, 0]));
      const beside = html("div", {}, html("p", { class: "head" }, "Your ten, in predicted stars"), this.list, back);
      stage.append(
        html("p", { class: "mf-ask" }, "Drag yourself (the red dot) onto a film. Will it become the first of your list?"),
        html("div", { class: "both" }, this.map, beside),
        this.now,
      );
      this.map.addEventListener("click", (event) => this.follow(event));
      this.move([0, 0]);
    }

    makeHandle() {
      const handle = svg("g", { class: "you", tabindex: 0, role: "slider", "aria-label": "You, on the map. Move with the arrow keys", "aria-valuemin": toVector(0, 0)[0], "aria-valuemax": toVector(width, 0)[0] },
        svg("circle", { class: "touch", r: 24 }), svg("circle", { class: "dot", r: 10 }));
      handle.addEventListener("keydown", (event) => {
        const way = KEYS[event.key];
        if (!way) return;
        event.preventDefault();
        const far = STEP * (event.shiftKey ? 4 : 1);
        const [x, y] = this.user.map((value, f) => value + way[f] * far);
        this.move(toVector(toX(x), toY(y)));
      });
      handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
      handle.addEventListener("pointermove", (event) => {
        if (handle.hasPointerCapture(event.pointerId)) this.follow(event);
      });
      return handle;
    }

    /* Go where a pointer is. */
    follow({ clientX, clientY }) {
      const box = this.map.getBoundingClientRect();
      const scale = width / box.width;
      this.move(toVector((clientX - box.left) * scale, (clientY - box.top) * scale));
    }

    move(user) {
      this.user = user;
      const list = top(user);
      const [x, y] = [toX(user[0]), toY(user[1])];
      this.now.textContent = told(this.user, list);
      say(this, this.now.textContent);
      this.handle.setAttribute("transform", `translate(${x} ${y})`);
      this.handle.setAttribute("aria-valuenow", this.user[0]);
      this.handle.setAttribute("aria-valuetext", `${number(this.user[0], 2)} across, ${number(this.user[1], 2)} up; first: ${list[0].title}`);
      this.arrow.setAttribute("x2", x);
      this.arrow.setAttribute("y2", y);
      this.split();
      this.marks.forEach((mark, n) => mark.classList.toggle("listed", list.some((row) => row.n === n)));
      this.sort(list);
    }

    /* The line through the middle on which a film neither gains nor loses. */
    split() {
      const long = Math.hypot(...this.user);
      const [dx, dy] = long ? [-this.user[1] / long, this.user[0] / long] : [0, 0];
      const ends = { x1: toX(-2 * dx), y1: toY(-2 * dy), x2: toX(2 * dx), y2: toY(2 * dy) };
      for (const [name, value] of Object.entries(ends)) this.border.setAttribute(name, value);
    }

    /* Put the rows into their order; unless motion is unwelcome, let each glide there. */
    sort(list) {
      const before = new Map([...this.list.children].map((row) => [row, row.offsetTop]));
      const rows = list.map(({ n, stars }) => {
        this.rows[n].style.setProperty("--share", `${Math.max(0, Math.min(100, (stars / 6) * 100))}%`);
        this.rows[n].lastChild.textContent = number(stars, 2);
        return this.rows[n];
      });
      if (rows.every((row, place) => this.list.children[place] === row)) return;
      this.list.replaceChildren(...rows);
      if (still()) return;
      for (const row of rows) {
        const from = before.has(row) ? before.get(row) - row.offsetTop : 30;
        if (from) row.animate([{ transform: `translateY(${from}px)`, opacity: before.has(row) ? 1 : 0 }, { transform: "none", opacity: 1 }], { duration: 250, easing: "ease-out" });
      }
    }
  }

  define("mf-map", FilmMap);
})();
