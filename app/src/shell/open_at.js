// As soon as the body is there: a conversation opens at its end, or at the turn that was asked for.
(function () {
  var conversation = document.querySelector("[data-open-at]");
  if (!conversation || !conversation.offsetHeight) return;
  history.scrollRestoration = "manual";
  var at = conversation.dataset.openAt;
  var turn = at === "end" ? null : document.getElementById("turn-" + at);
  if (turn) turn.scrollIntoView();
  else if (at === "end") scrollTo(0, document.documentElement.scrollHeight);
})();
