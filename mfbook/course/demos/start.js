(() => {
  "use strict";
  const { data, define, fitted, html, number, say, slider, svg } = window.mfbook;
  const { ratings, P, Q, steps, scales } = data.start;
  const rmse = (errors) => Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length);
  const ZERO_STARS = rmse(ratings.map(([, , stars]) => stars));
  const SIZES = [1e-5, 3];
  const FLOWN = 1e3;

  /* Equations (3.3) and (3.4), all ratings in one batch: the RMSE before each step, and the mean size
     of a parameter. */
  const descend = (scale, rate, momentum) => {
    const tables = [P, Q].map((table) => table.map((row) => row.map((x) => x * scale)));
    const velocities = [P, Q].map((table) => table.map((row) => row.map(() => 0)));
    const curve = { errors: [], sizes: [] };
    for (let step = 0; step <= steps; step++) {
      const [users, items] = tables;
      const error = ratings.map(
        ([u, i, stars]) => users[u].reduce((sum, p, f) => sum + p * items[i][f], 0) - stars,
      );
      const all = tables.flat(2);
      curve.errors.push(rmse(error));
      curve.sizes.push(all.reduce((sum, w) => sum + Math.abs(w), 0) / all.length);
      if (!(curve.errors[step] < FLOWN)) break;
      const slopes = tables.map((table) => table.map((row) => row.map(() => 0)));
      ratings.forEach(([u, i], j) => {
        users[u].forEach((p, f) => {
          slopes[0][u][f] += (error[j] * items[i][f]) / ratings.length;
          slopes[1][i][f] += (error[j] * p) / ratings.length;
        });
      });
      tables.forEach((table, t) =>
        table.forEach((row, r) =>
          row.forEach((_, f) => {
            velocities[t][r][f] = momentum * velocities[t][r][f] - rate * slopes[t][r][f];
            row[f] += velocities[t][r][f];
          }),
        ),
      );
    }
    return curve;
  };

  /* The first step whose error is a tenth below that of zero stars for all; -1 if there is none. */
  const plateauEnd = ({ errors }) => errors.findIndex((error) => error < 0.9 * ZERO_STARS);

  const told = (setting, curve) => {
    const [scale, rate, momentum] = setting;
    const end = plateauEnd(curve);
    if (scale === 0) return "Every parameter is 0, so every slope is 0: nothing ever moves.";
    if (curve.errors.length <= steps || curve.errors[steps] > ZERO_STARS + 0.01)
      return "The steps are too large: the error jumps about or grows without end.";
    if (end < 0)
      return `After ${steps} steps the error is still ${number(curve.errors[steps], 2)}: as if the model said zero stars to everyone.`;
    const larger = scales[scales.indexOf(scale) + 2];
    const sooner = larger ? plateauEnd(descend(larger, rate, momentum)) : -1;
    const than = sooner >= 0 ? `, ${end - sooner} steps later than from a start ten times as large` : "";
    return `The plateau ends at step ${end}${than}. After ${steps} steps the error is ${number(curve.errors[steps], 2)}.`;
  };

  /* A panel of the picture: a frame with marks, and from a curve to its line. */
  const panel = ({ top, height, left, width, title, marks, place }) => {
    const x = (step) => left + (step / steps) * (width - left - 8);
    const y = (value) => top + height * (1 - Math.min(Math.max(place(value), -0.02), 1));
    const frame = svg("g", {}, svg("text", { x: left, y: top - 9 }, title));
    for (const [value, label] of marks) {
      frame.append(
        svg("line", { class: "grid", x1: left, x2: width - 8, y1: y(value), y2: y(value) }),
        svg("text", { class: "mark", x: left - 7, y: y(value) + 4, "text-anchor": "end" }, label),
      );
    }
    const line = (values, kind) => {
      const points = values.map((value, step) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`);
      return svg("polyline", { class: kind, points: points.join(" ") });
    };
    return { frame, line, x, y };
  };

  const panels = (width) => {
    const narrow = width < 520;
    const height = narrow ? 165 : 210;
    const top = panel({
      top: 28, height, left: 40, width, title: "RMSE (stars)",
      marks: [0, 1, 2, 3, 4].map((stars) => [stars, String(stars)]),
      place: (stars) => stars / 4,
    });
    const bottom = panel({
      top: height + 72, height: narrow ? 95 : 110, left: 40, width,
      title: "mean size of a parameter",
      marks: [[1e-4, "10⁻⁴"], [1e-2, "10⁻²"], [1, "1"]],
      place: (size) => Math.log(size / SIZES[0]) / Math.log(SIZES[1] / SIZES[0]),
    });
    return { top, bottom, height: height + (narrow ? 95 : 110) + 108 };
  };

  class Start extends window.mfbook.Demonstration {
    static descend = descend;

    draw(stage) {
      this.before = new Map();
      const redraw = () => this.redraw();
      this.scale = slider({
        label: "Start scale", min: 0, max: scales.length - 1, step: 1,
        value: scales.length - 1, format: (at) => (at ? `±${scales[at]}` : "0"), onInput: redraw,
      });
      const restart = () => {
        this.before.clear();
        redraw();
      };
      this.rate = slider({
        label: "Learning rate", min: 0.05, max: 1, step: 0.05, value: 0.2,
        format: (x) => number(x, 2), onInput: restart,
      });
      this.momentum = slider({
        label: "Momentum", min: 0, max: 0.95, step: 0.05, value: 0,
        format: (x) => number(x, 2), onInput: restart,
      });
      this.picture = svg("svg", { role: "img" });
      this.now = html("p", { class: "mf-now" });
      stage.append(
        html("p", { class: "mf-ask" }, "What happens to the first steps if the scale of the start goes to 0? Guess, then move the first slider to the left."),
        this.picture,
        html("div", { class: "mf-controls" }, this.scale, this.rate, this.momentum),
        this.now,
      );
      fitted(stage, (width) => {
        this.width = width;
        this.redraw();
      });
    }

    redraw() {
      const setting = [scales[this.scale.value], this.rate.value, this.momentum.value];
      const curve = descend(...setting);
      this.before.set(setting[0], curve);
      this.now.textContent = told(setting, curve);
      say(this, this.now.textContent);
      this.paint(curve);
    }

    paint(curve) {
      const { top, bottom, height } = panels(this.width);
      const end = plateauEnd(curve);
      const older = [...this.before.values()].filter((other) => other !== curve);
      const parts = [
        svg("title", {}, this.now.textContent), top.frame, bottom.frame,
        svg("line", { class: "zero", x1: top.x(0), x2: top.x(steps), y1: top.y(ZERO_STARS), y2: top.y(ZERO_STARS) }),
        svg("text", { class: "mark", x: top.x(steps), y: top.y(ZERO_STARS) - 6, "text-anchor": "end" }, "zero stars for all"),
        older.map((other) => [top.line(other.errors, "old"), bottom.line(other.sizes, "old")]),
      ];
      if (end > 0) {
        parts.push(
          svg("line", { class: "end", x1: top.x(end), x2: top.x(end), y1: top.y(4), y2: top.y(0) }),
          svg("line", { class: "end", x1: top.x(end), x2: top.x(end), y1: bottom.y(SIZES[1]), y2: bottom.y(SIZES[0]) }),
          svg("text", { class: "end-label", x: top.x(end) + 6, y: top.y(3.6) }, `step ${end}`),
        );
      }
      parts.push(top.line(curve.errors, "new error"), bottom.line(curve.sizes, "new size"));
      for (const step of [0, 50, 100, 150, 200]) {
        const anchor = step === steps ? "end" : "middle";
        parts.push(svg("text", { class: "mark", x: top.x(step), y: height - 8, "text-anchor": anchor }, step ? step : "step 0"));
      }
      this.picture.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
      this.picture.replaceChildren(...parts.flat(2));
    }
  }

  define("mf-start", Start);
})();
