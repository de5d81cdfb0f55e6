/* Questions with feedback: the answer that is chosen says what is wrong with it. tools/sphinx/questions.py
   writes each question as a list of choices and a fold with a sentence for each. */
(() => {
  "use strict";
  const { html } = window.mfbook;

  function enliven(quiz) {
    const told = [...quiz.querySelectorAll(".quiz-answers li")];
    const feedback = html("p", { class: "quiz-feedback" });
    feedback.setAttribute("role", "status");
    const choices = [...quiz.querySelectorAll(".quiz-choices li")];
    const buttons = choices.map((choice, place) => {
      const letter = String.fromCharCode(65 + place);
      const mark = html("span", { class: "quiz-letter" }, letter);
      const text = html("span", {}, ...choice.childNodes);
      const button = html("button", { type: "button" }, mark, " ", text);
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => choose(button, letter, told[place]));
      choice.replaceChildren(button);
      return button;
    });

    function choose(chosen, letter, sentence) {
      const isRight = letter === quiz.dataset.right;
      for (const button of buttons) {
        button.setAttribute("aria-pressed", String(button === chosen));
        button.classList.remove("is-right", "is-wrong");
      }
      const kind = isRight ? "is-right" : "is-wrong";
      chosen.classList.add(kind);
      feedback.className = `quiz-feedback ${kind}`;
      const copy = sentence.cloneNode(true);
      copy.firstElementChild.remove();
      const verdict = html("strong", {}, `${letter} is ${isRight ? "right" : "not right"}.`);
      feedback.replaceChildren(verdict, ...copy.childNodes);
    }

    const list = quiz.querySelector(".quiz-choices");
    list.setAttribute("aria-labelledby", quiz.querySelector(".quiz-question").id);
    list.after(feedback);
    quiz.classList.add("quiz-live");
  }

  document.querySelectorAll(".quiz").forEach(enliven);
})();
