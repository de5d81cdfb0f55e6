(() => {
  "use strict";
  const { button, data, define, fitted, html, number, say, slider, svg } = window.mfbook;
  const { orders, sizes } = data.batches;
  const N = sizes.at(-1);
  const rmse = (errors) => Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length);

  /* The RMSE of each batch, their mean, and the RMSE of all errors together. */
  const measure = (errors, size) => {
    const byBatch = [];
    for (let first = 0; first < errors.length; first += size)
      byBatch.push(rmse(errors.slice(first, first + size)));
    const mean = byBatch.reduce((sum, x) => sum + x, 0) / byBatch.length;
    return { byBatch, mean, pooled: rmse(errors) };
  };

  const told = (size, { byBatch, mean, pooled }) => {
    const of = number(mean, 3);
    if (size === N) return `A single batch holds all ${N} errors, so there is nothing to average: both numbers are ${of}.`;
    if (pooled - mean < 1e-9)
      return `All ${byBatch.length} batches happen to have the same RMSE, so both numbers are ${of}. Otherwise the mean of the batch RMSEs is lower.`;
    const below = `below the RMSE of all errors, ${number(pooled, 3)}`;
    if (size === 1) return `Each batch holds one error, and its RMSE is the size of that error. Their mean, ${of}, is the mean absolute error, ${below}.`;
    return `${byBatch.length} batches of ${size}: the mean of their RMSEs is ${of}, ${below}.`;
  };

  class Batches extends window.mfbook.Demonstration {
    static measure = measure;

    draw(stage) {
      this.order = Object.keys(orders)[0];
      const redraw = () => this.redraw();
      this.size = slider({
        label: "Batch size", min: 0, max: sizes.length - 1, step: 1, value: sizes.length - 1,
        format: (at) => String(sizes[at]), onInput: redraw,
      });
      this.buttons = Object.keys(orders).map((order) =>
        button(order, () => {
          this.order = order;
          redraw();
        }),
      );
      this.picture = svg("svg", { role: "img" });
      this.now = html("p", { class: "mf-now" });
      const group = html("div", { role: "group", "aria-label": "Order of the errors" },
        html("p", { class: "mf-slider-head" }, "Order of the errors"),
        html("div", { class: "orders" }, this.buttons),
      );
      stage.append(
        html("p", { class: "mf-ask" }, `The ${N} errors stay the same. What happens to the mean of the batch RMSEs if the batches become smaller? Guess, then move the slider to the left.`),
        this.picture,
        html("div", { class: "mf-controls" }, this.size, group),
        this.now,
      );
      fitted(stage, (width) => {
        this.width = width;
        this.redraw();
      });
    }

    redraw() {
      const [errors, size] = [orders[this.order], sizes[this.size.value]];
      const measured = measure(errors, size);
      for (const each of this.buttons)
        each.setAttribute("aria-pressed", String(each.textContent === this.order));
      this.now.textContent = told(size, measured);
      say(this, this.now.textContent);
      this.paint(errors, size, measured);
    }

    paint(errors, size, { byBatch, mean, pooled }) {
      const [left, right, top, base] = [26, this.width - 4, this.width < 520 ? 78 : 56, 292];
      const slot = (right - left) / N;
      const x = (place) => left + place * slot;
      const y = (stars) => base - (stars / 2.4) * (base - top);
      const across = (kind, stars) => svg("line", { class: kind, x1: left, x2: right, y1: y(stars), y2: y(stars) });
      const parts = [svg("title", {}, this.now.textContent)];
      for (const stars of [0, 1, 2])
        parts.push(across("grid", stars), svg("text", { class: "mark", x: left - 8, y: y(stars) + 4, "text-anchor": "end" }, stars));
      errors.forEach((error, place) => {
        const color = Math.floor(place / size) % 2 ? "second" : "first";
        const height = base - y(Math.abs(error));
        parts.push(svg("rect", { class: color, x: x(place) + slot * 0.14, y: base - height, width: slot * 0.72, height, rx: 2 }));
      });
      byBatch.forEach((value, batch) => {
        const color = batch % 2 ? "second" : "first";
        const ends = { x1: x(batch * size) + 1.5, x2: x((batch + 1) * size) - 1.5 };
        parts.push(svg("line", { class: `step ${color}`, ...ends, y1: y(value), y2: y(value) }));
        if (slot * size > 38 && size < N)
          parts.push(svg("text", { class: `own ${color}`, x: (ends.x1 + ends.x2) / 2, y: base + 19, "text-anchor": "middle" }, number(value, 2)));
      });
      parts.push(across("pooled", pooled), across("mean", mean));
      const narrow = this.width < 520;
      parts.push(
        this.key(0, 16, "pooled", `RMSE of all errors: ${number(pooled, 3)}`),
        this.key(narrow ? 0 : 270, narrow ? 38 : 16, "mean", `mean of the batch RMSEs: ${number(mean, 3)}`),
        svg("text", { class: "mark", x: 0, y: top - 12 }, "stars"),
      );
      this.picture.setAttribute("viewBox", `0 0 ${this.width} ${base + 28}`);
      this.picture.replaceChildren(...parts);
    }

    key(x, y, kind, words) {
      const sample = svg("line", { class: kind, x1: x, x2: x + 22, y1: y - 4, y2: y - 4 });
      return svg("g", {}, sample, svg("text", { class: `${kind}-label`, x: x + 28, y }, words));
    }
  }

  define("mf-batches", Batches);
})();
