// A signature drawn with a finger. The typed name stays for whoever cannot draw, and what is drawn wins.

var LONGEST = 60000;

function startSignatures() {
  all('.typed[data-draw]').forEach(function (line) {
    var block = questionOf(line);
    var drawn = block.querySelector('.drawn');
    var field = madeElement('input', { type: 'hidden', name: line.getAttribute('data-field') });
    var canvas = madeElement('canvas', { width: 560, height: 200, role: 'img', 'aria-label': line.getAttribute('data-draw') });
    var again = madeElement('button', { type: 'button', class: 'small' }, line.getAttribute('data-again'));
    if (!canvas.getContext) { return; }
    if (drawn) {
      field.value = drawn.querySelector('input').value;
      drawn.removeChild(drawn.querySelector('input'));
    }
    block.insertBefore(field, line);
    block.insertBefore(madeElement('p', { class: 's' }, line.getAttribute('data-draw')), line);
    block.insertBefore(canvas, line);
    block.insertBefore(again, line);
    again.addEventListener('click', function () {
      if (drawn) { drawn.hidden = true; }
      canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
      field.value = '';
      announce(field);
    });
    followPen(canvas, function () {
      field.value = drawnImage(canvas, canvas.width);
      announce(field);
    });
  });
}

function followPen(canvas, done) {
  var pen = canvas.getContext('2d');
  var drawing = false;
  function point(event) {
    var finger = event.touches ? event.touches[0] : event;
    var box = canvas.getBoundingClientRect();
    return [(finger.clientX - box.left) * canvas.width / box.width, (finger.clientY - box.top) * canvas.height / box.height];
  }
  function begin(event) {
    drawing = true;
    pen.lineWidth = 4;
    pen.lineCap = pen.lineJoin = 'round';
    pen.strokeStyle = '#15202b';
    pen.beginPath();
    pen.moveTo.apply(pen, point(event));
    event.preventDefault();
  }
  function draw(event) {
    if (!drawing) { return; }
    pen.lineTo.apply(pen, point(event));
    pen.stroke();
    event.preventDefault();
  }
  function end() {
    if (drawing) { done(); }
    drawing = false;
  }
  canvas.addEventListener('mousedown', begin);
  canvas.addEventListener('mousemove', draw);
  window.addEventListener('mouseup', end);
  canvas.addEventListener('touchstart', begin, false);
  canvas.addEventListener('touchmove', draw, false);
  canvas.addEventListener('touchend', end);
}

// Half the size until it fits: a page's answers must stay light on a slow line.
function drawnImage(canvas, width) {
  var copy = madeElement('canvas', { width: width, height: Math.round(canvas.height * width / canvas.width) });
  copy.getContext('2d').drawImage(canvas, 0, 0, copy.width, copy.height);
  return copy.toDataURL('image/png').length > LONGEST ? drawnImage(canvas, width / 2) : copy.toDataURL('image/png');
}
