(() => {
  "use strict";
  const { button, data, define, fitted, html, number, say, svg } = window.mfbook;
  const { films, target, mean, alpha, precision, noise } = data.cloud;
  // 90 % of a normal distribution: in the plane, and on a line.
  const [PLANE, LINE] = [Math.sqrt(-2 * Math.log(0.1)), 1.6448536269514722];
  const REACH = 1.05;

  const cholesky = (A) => {
    const L = A.map((row) => row.map(() => 0));
    A.forEach((row, i) => {
      for (let j = 0; j <= i; j++) {
        let rest = row[j];
        for (let k = 0; k < j; k++) rest -= L[i][k] * L[j][k];
        L[i][j] = i === j ? Math.sqrt(rest) : rest / L[j][j];
      }
    });
    return L;
  };

  const forward = (L, b) => {
    const y = [];
    L.forEach((row, i) => y.push((b[i] - y.reduce((sum, v, k) => sum + row[k] * v, 0)) / row[i]));
    return y;
  };

  const backward = (L, y) => {
    const x = [...y];
    for (let i = x.length - 1; i >= 0; i--) {
      for (let k = i + 1; k < x.length; k++) x[i] -= L[k][i] * x[k];
      x[i] /= L[i][i];
    }
    return x;
  };

  /* Equations (9.1) to (9.3) for the films that have stars; 0 stars means not rated. */
  const posterior = (stars) => {
    const A = precision.map((p, i) => precision.map((_, j) => (i === j ? p : 0)));
    const a = precision.map(() => 0);
    films.forEach(({ vector, bias }, n) => {
      if (!stars[n]) return;
      const v = [...vector, 1];
      v.forEach((x, i) => {
        a[i] += alpha * (stars[n] - mean - bias) * x;
        v.forEach((y, j) => (A[i][j] += alpha * x * y));
      });
    });
    const L = cholesky(A);
    const y = forward(L, a);
    const covariance = precision.map((_, i) => backward(L, forward(L, precision.map((__, j) => +(i === j)))));
    const draws = noise.map((z) => backward(L, y.map((value, i) => value + z[i])));
    return { center: backward(L, y), covariance, draws };
  };

  /* The target's stars, and how far from them 90 % of the cloud and of the ratings lie. */
  const predict = ({ center, covariance }) => {
    const v = [...target.vector, 1];
    const variance = v.reduce((sum, x, i) => sum + v.reduce((part, y, j) => part + x * y * covariance[i][j], 0), 0);
    return {
      stars: mean + target.bias + v.reduce((sum, x, i) => sum + x * center[i], 0),
      cloud: LINE * Math.sqrt(variance),
      rating: LINE * Math.sqrt(variance + 1 / alpha),
    };
  };

  const area = ({ covariance: [[xx, xy], [, yy]] }) => Math.sqrt(xx * yy - xy * xy);

  class Cloud extends window.mfbook.Demonstration {
    static posterior = posterior;
    static predict = predict;

    draw(stage) {
      this.stars = films.map(() => 0);
      this.last = -1;
      this.plane = svg("svg", { role: "img" });
      this.interval = svg("svg", { role: "img" });
      this.now = html("p", { class: "mf-now" });
      this.rows = films.map((film, n) => this.row(film, n));
      const clear = button("Forget all ratings", () => {
        for (const row of this.rows) row.querySelector("input").checked = true;
        this.stars.fill(0);
        this.last = -1;
        this.redraw();
      });
      const pictures = html("div", { class: "pictures" }, this.plane, this.interval);
      stage.append(
        html("p", { class: "mf-ask" }, "Rate a film, then give it other stars. What makes the cloud of plausible vectors narrower: the stars you give, or which films you rate?"),
        html("div", { class: "both" }, pictures, html("div", { class: "films" }, this.rows, clear)),
        this.now,
      );
      fitted(pictures, (width) => {
        this.width = width;
        this.redraw();
      });
    }

    row({ title }, n) {
      const group = `mf-cloud-${n}-${Math.random()}`;
      const choices = [0, 1, 2, 3, 4, 5].map((stars) => {
        const words = stars ? `${stars} ${stars === 1 ? "star" : "stars"}` : "not rated";
        const input = html("input", { type: "radio", name: group, checked: stars === 0, "aria-label": words,
          onchange: () => {
            [this.stars[n], this.last] = [stars, stars ? n : -1];
            this.redraw();
          } });
        return html("label", { class: stars ? "star" : "none" }, input, html("span", { "aria-hidden": "true" }, stars ? "☆" : "–"));
      });
      const label = html("span", { "aria-hidden": "true" }, title);
      return html("div", { class: "film", role: "radiogroup", "aria-label": title }, label, choices);
    }

    redraw() {
      const fitted = posterior(this.stars);
      this.rows.forEach((row, n) =>
        row.querySelectorAll(".star").forEach((label, at) => {
          label.classList.toggle("given", at < this.stars[n]);
          label.lastChild.textContent = at < this.stars[n] ? "★" : "☆";
        }),
      );
      this.now.textContent = this.told(fitted);
      say(this, this.now.textContent);
      this.paintPlane(fitted);
      this.paintInterval(predict(fitted));
    }

    told(fitted) {
      const { stars, cloud } = predict(fitted);
      const said = `${target.title}: ${number(stars, 2)} stars, give or take ${number(cloud, 2)}`;
      const n = this.stars.filter(Boolean).length;
      if (!n) return `Nothing is known of this person, so the cloud is what the penalty assumes of everybody. ${said}.`;
      const share = Math.round((100 * area(fitted)) / area(posterior(films.map(() => 0))));
      return `${n === 1 ? "One rating" : `${n} ratings`}: the cloud covers ${share} % of what it covered at first. ${said}.`;
    }

    paintPlane({ center, covariance, draws }) {
      const size = this.width < 360 ? 270 : Math.min(this.width, 440);
      const x = (value) => this.width / 2 + (value / REACH) * (size / 2);
      const y = (value) => size / 2 - (value / REACH) * (size / 2);
      const ellipse = (middle, [[xx, xy], [, yy]], kind) => {
        const L = cholesky([[xx, xy], [xy, yy]]);
        const rim = Array.from({ length: 73 }, (_, n) => {
          const [c, s] = [PLANE * Math.cos((n * Math.PI) / 36), PLANE * Math.sin((n * Math.PI) / 36)];
          return `${x(middle[0] + L[0][0] * c).toFixed(1)},${y(middle[1] + L[1][0] * c + L[1][1] * s).toFixed(1)}`;
        });
        return svg("polygon", { class: kind, points: rim.join(" ") });
      };
      const first = [[1 / precision[0], 0], [0, 1 / precision[1]]];
      this.plane.setAttribute("viewBox", `0 0 ${this.width} ${size}`);
      this.plane.replaceChildren(
        svg("title", {}, this.now.textContent),
        svg("line", { class: "axis", x1: 0, x2: this.width, y1: y(0), y2: y(0) }),
        svg("line", { class: "axis", x1: x(0), x2: x(0), y1: y(-REACH), y2: y(REACH) }),
        svg("text", { class: "mark", x: this.width, y: y(0) + 16, "text-anchor": "end" }, "first factor"),
        svg("text", { class: "mark", x: x(0) + 6, y: y(REACH) + 12 }, "second factor"),
        ...this.direction(center, x, y),
        ...draws.map((draw) => svg("circle", { class: "draw", cx: x(draw[0]), cy: y(draw[1]), r: 2.5 })),
        ellipse([0, 0], first, "before"),
        ellipse(center, covariance, "now"),
        svg("circle", { class: "center", cx: x(center[0]), cy: y(center[1]), r: 5 }),
      );
    }

    /* A line through the cloud, the way in which the film rated last lets us look at it. */
    direction(center, x, y) {
      if (this.last < 0) return [];
      const { vector, title } = films[this.last];
      const long = Math.hypot(...vector);
      const [dx, dy] = vector.map((value) => (0.75 * value) / long);
      // The name stands at the end that is nearer to the middle of the plane.
      const side = Math.hypot(center[0] + dx, center[1] + dy) < Math.hypot(center[0] - dx, center[1] - dy) ? 1 : -1;
      const [endX, endY] = [x(center[0] + side * dx), y(center[1] + side * dy)];
      const nameX = Math.max(75, Math.min(this.width - 75, endX));
      return [
        svg("line", { class: "direction", x1: x(center[0] - dx), y1: y(center[1] - dy), x2: x(center[0] + dx), y2: y(center[1] + dy) }),
        svg("text", { class: "direction-label", x: nameX, y: endY + (side * dy > 0 ? -8 : 18), "text-anchor": "middle" }, title),
      ];
    }

    paintInterval({ stars, cloud, rating }) {
      const x = (value) => 12 + (Math.max(0, Math.min(7, value)) / 7) * (this.width - 24);
      const across = (kind, reach) =>
        svg("line", { class: kind, x1: x(stars - reach), x2: x(stars + reach), y1: 62, y2: 62 });
      const parts = [
        svg("title", {}, this.now.textContent),
        svg("text", { x: 0, y: 16, class: "heading" }, `Stars for ${target.title}`),
        svg("text", { x: 0, y: 36, class: "mark" }, "dark: 90 % of the cloud; pale: of ratings, with noise"),
      ];
      for (const value of [1, 2, 3, 4, 5])
        parts.push(
          svg("line", { class: "axis", x1: x(value), x2: x(value), y1: 48, y2: 76 }),
          svg("text", { class: "mark", x: x(value), y: 92, "text-anchor": "middle" }, value === 5 ? "5 stars" : value),
        );
      parts.push(across("of-ratings", rating), across("of-cloud", cloud));
      parts.push(svg("circle", { class: "center", cx: x(stars), cy: 62, r: 6 }));
      this.interval.setAttribute("viewBox", `0 0 ${this.width} 100`);
      this.interval.replaceChildren(...parts);
    }
  }

  define("mf-cloud", Cloud);
})();
