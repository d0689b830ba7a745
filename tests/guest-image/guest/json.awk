# Flattens one JSON document: prints path=value for every scalar, the path's parts joined by dots, array items by index.
# A new line inside a string is printed as \n, so that one value stays one line; a trailing one is dropped (public keys).

function fail(what) { print "error=" what " at: " substr(text, 1, 40); exit 1 }

function token() { # takes the next token off the text: a string with its quotes, a number or word, or punctuation
  if (!match(text, /^[ \t\r\n]*("([^"\\]|\\.)*"|[-+0-9.a-zA-Z]+|[][{}:,])/)) fail("no token")
  word = substr(text, 1, RLENGTH)
  text = substr(text, RLENGTH + 1)
  sub(/^[ \t\r\n]*/, "", word)
  return word
}

function plain(quoted,    s, out, at, code) {
  s = substr(quoted, 2, length(quoted) - 2)
  out = ""
  while ((at = index(s, "\\")) > 0) {
    out = out substr(s, 1, at - 1)
    code = substr(s, at + 1, 1)
    s = substr(s, at + 2)
    if (code == "n") { if (s != "") out = out "\\n" }
    else if (code == "u") { out = out "\\u" substr(s, 1, 4); s = substr(s, 5) }
    else if (code == "t") out = out "\t"
    else out = out code
  }
  return out s
}

function value(path,    word, key, i, prefix) {
  word = token()
  prefix = path == "" ? "" : path "."
  if (word == "{") {
    word = token()
    while (word != "}") {
      if (word == ",") word = token()
      key = plain(word)
      if (token() != ":") fail("no colon")
      value(prefix key)
      word = token()
    }
  } else if (word == "[") {
    for (i = 0; text !~ /^[ \t\r\n]*]/; i++) {
      if (i > 0 && token() != ",") fail("no comma")
      value(prefix i)
    }
    token()
  } else if (word != "null") {
    print path "=" (word ~ /^"/ ? plain(word) : word)
  }
}

{ text = text $0 "\n" }
END { value("") }
