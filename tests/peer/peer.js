// SPDX-License-Identifier: MIT
// peer.js page PAGE    the vectors of WIRE.md: both ways
// peer.js answer       lines "HEX<tab>DIAGNOSTIC" of standard input: reads the bytes,
//                      compares, and answers each with bytes of its own
// Ends with 1 when akt and the npm package cbor do not agree.
'use strict'

const assert = require('assert')
const fs = require('fs')
const cbor = require('cbor')

// A number that is written as a float, also when it is whole.
class Float {
  constructor (value) {
    this.value = value
  }

  encodeCBOR (encoder) {
    if (Object.is(this.value, 0)) {
      // The package knows zero as an integer only.
      return encoder.push(Buffer.from('f90000', 'hex'))
    }
    return Number.isFinite(this.value) && this.value !== 0
      ? encoder._pushFloat(this.value)
      : encoder.pushAny(this.value)
  }
}

// Diagnostic notation, as much of it as messages need.
class Parser {
  constructor (text) {
    this.text = text
    this.at = 0
  }

  // Takes what matches here, or says so.
  take (pattern) {
    pattern.lastIndex = this.at
    const match = pattern.exec(this.text)
    if (match) {
      this.at = pattern.lastIndex
    }
    return match && match[0]
  }

  list (end, element) {
    while (!this.take(end)) {
      element()
      this.take(/, /y)
    }
  }

  value () {
    let word
    if (this.take(/\{/y)) {
      const map = new Map()
      this.list(/\}/y, () => {
        const key = Number(this.take(/\d+: /y).slice(0, -2))
        map.set(key, this.value())
      })
      return map
    }
    if (this.take(/\[/y)) {
      const array = []
      this.list(/\]/y, () => array.push(this.value()))
      return array
    }
    if ((word = this.take(/h'[0-9a-f]*'/y))) {
      return Buffer.from(word.slice(2, -1), 'hex')
    }
    if ((word = this.take(/"(\\.|[^"\\])*"/y))) {
      return JSON.parse(word)
    }
    if ((word = this.take(/true|false/y))) {
      return word === 'true'
    }
    if ((word = this.take(/NaN|-?Infinity|-?\d+(\.\d+)?e[+-]\d+|-?\d+\.\d+/y))) {
      return new Float(Number(word))
    }
    word = this.take(/-?\d+/y)
    assert(word, `not understood: ${this.text.slice(this.at)}`)
    return Number.isSafeInteger(Number(word)) ? Number(word) : BigInt(word)
  }
}

function parse (text) {
  const parser = new Parser(text)
  const value = parser.value()
  assert.strictEqual(parser.at, text.length, text)
  return value
}

const options = { canonical: true, collapseBigIntegers: true }

function encode (value) {
  return cbor.encodeOne(value, options)
}

// What the package decodes has no Float, and {} where a Map is empty.
function plain (value) {
  if (value instanceof Float) {
    return value.value
  }
  if (value instanceof Map) {
    return new Map([...value].map(([k, v]) => [k, plain(v)]))
  }
  if (Array.isArray(value)) {
    return value.map(plain)
  }
  return value !== null && typeof value === 'object' &&
    !Buffer.isBuffer(value)
    ? new Map()
    : value
}

// Integers of floats are numbers in both, or bigints beside them.
function agree (decoded, expected, what) {
  assert.deepStrictEqual(plain(decoded), plain(expected), what)
}

function check (hex, text) {
  const bytes = Buffer.from(hex, 'hex')
  const decoded = cbor.decodeFirstSync(bytes)
  const expected = parse(text)
  agree(decoded, expected, hex)
  assert.strictEqual(encode(expected).toString('hex'), hex, text)
  return decoded
}

function page (path) {
  let title = ''
  let rows = 0
  for (const line of fs.readFileSync(path, 'utf8').split('\n')) {
    if (line.startsWith('#')) {
      title = line
    }
    const row = /^\| \w+ \| `([0-9a-f]+)` \| `(.*?)` \|/.exec(line)
    if (row && title.includes('Written and taken')) {
      check(row[1], row[2])
      rows++
    } else if (row && title.includes('Taken, but')) {
      // Skipped fields are there for others, and null is no value of ours.
      cbor.decodeFirstSync(Buffer.from(row[1], 'hex'))
      rows++
    }
  }
  assert(rows > 50, `${rows} vectors`)
  console.log(`${rows} vectors agree`)
}

// Written as a stranger would: whole floats as integers where they are safe.
function answer () {
  for (const line of fs.readFileSync(0, 'utf8').split('\n')) {
    const [hex, text] = line.split('\t')
    if (text !== undefined) {
      const decoded = check(hex, text)
      const sent = cbor.encodeOne(decoded, { collapseBigIntegers: true })
      console.log(sent.toString('hex'))
    }
  }
}

if (process.argv[2] === 'page') {
  page(process.argv[3])
} else {
  answer()
}
