// A tap answers only what stood still: what came or moved under the finger just now, nobody has read. And what an agent asks
// for is seen to go on where its box ends before it does.
(function () {
  var ANSWERS = ".ask button[data-command], .ask form[data-command], .together button";
  // How long it has to stand, in ms, and how far it may move, in pixels.
  var STILL = 600, NEAR = 4;
  var known = new Map(), isDue = false, isByKey = false;
  function nameOf(answer) {
    return answer.dataset.command || answer.parentNode.textContent;
  }
  // Where it stands on the page; nowhere while it is folded away.
  function placeOf(answer) {
    var box = answer.getBoundingClientRect();
    return box.height ? box.top + scrollY : null;
  }
  function isNear(one, other) {
    return one === null || other === null || Math.abs(one - other) < NEAR;
  }
  function look() {
    var now = performance.now(), before = known;
    isDue = false;
    known = new Map();
    document.querySelectorAll(ANSWERS).forEach(function (answer) {
      var name = nameOf(answer), place = placeOf(answer), was = before.get(name);
      known.set(name, { place: place, since: was && isNear(was.place, place) ? was.since : now });
    });
    document.querySelectorAll(".ask-input :is(pre, .diff)").forEach(seeItsEnd);
  }
  function soon() {
    if (!isDue) isDue = true, requestAnimationFrame(look);
  }
  function seeItsEnd(box) {
    var left = box.scrollHeight - box.clientHeight - box.scrollTop, input = box.closest(".ask-input");
    if (input && box.scrollHeight > box.clientHeight + 8) input.dataset.long = left > 8 ? "more" : "all";
  }
  function answered(event) {
    var button = event.target.closest("button");
    var answer = event.type === "submit" ? event.target : button;
    // A key answers where the focus is, which does not move by itself.
    if (isByKey || !answer || !answer.matches(ANSWERS) || answer.hasAttribute("aria-busy")) return;
    var was = known.get(nameOf(answer));
    if (was && isNear(was.place, placeOf(answer)) && performance.now() - was.since >= STILL) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    var said = (answer.closest(".ask") || document).querySelector("[data-said]");
    if (said) said.textContent = "It has only just come here: look, and tap again";
    soon();
  }
  addEventListener("pointerdown", function () { isByKey = false; }, true);
  addEventListener("keydown", function () { isByKey = true; }, true);
  addEventListener("click", answered, true);
  addEventListener("submit", answered, true);
  ["resize", "toggle", "input"].forEach(function (what) {
    addEventListener(what, soon, true);
  });
  addEventListener("scroll", function (event) {
    if (event.target.matches && event.target.matches(".ask-input *")) seeItsEnd(event.target);
  }, true);
  new MutationObserver(soon).observe(document, { childList: true, subtree: true });
})();
