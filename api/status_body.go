package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// personInvalidAt refuses a bulk status request as a whole: an answer is one line for
// each person asked, and there is no status of what is no person.
func personInvalidAt(index int) *refusal {
	return &refusal{status: 400, code: "person_invalid", message: fmt.Sprintf("The ID at index %d is not valid.", index)}
}

// eachPerson calls do for the IDs of {"people":["…","…"]}. The plain form is read
// here, at 20 ns an ID; what is unusual (escapes, white space inside a string) goes
// to encoding/json, which also has the last word on what is malformed.
func eachPerson(body []byte, do func(text []byte) *refusal) *refusal {
	list, ok := plainPeople(body)
	if !ok {
		return eachPersonSlowly(body, do)
	}
	for len(list) > 0 {
		end := bytes.IndexByte(list[1:], '"')
		if refused := do(list[1 : 1+end]); refused != nil {
			return refused
		}
		list = list[end+2:]
		for len(list) > 0 && list[0] != '"' {
			list = list[1:]
		}
	}
	return nil
}

// plainPeople finds the strings of a plain body, from the first quote to the last.
//
// ENSURES: ok only when the body is valid and has no escapes; then quotes alternate.
func plainPeople(body []byte) (list []byte, ok bool) {
	rest, ok := cutPrefix(skipBlanks(body), `{`)
	if !ok {
		return nil, false
	}
	if rest, ok = cutPrefix(skipBlanks(rest), `"people"`); !ok {
		return nil, false
	}
	if rest, ok = cutPrefix(skipBlanks(rest), `:`); !ok {
		return nil, false
	}
	if rest, ok = cutPrefix(skipBlanks(rest), `[`); !ok {
		return nil, false
	}
	rest = skipBlanks(rest)
	start, length := rest, 0
	for {
		if len(rest) == 0 || rest[0] != '"' {
			return nil, false
		}
		end := bytes.IndexByte(rest[1:], '"')
		if end < 0 {
			return nil, false
		}
		for _, c := range rest[1 : 1+end] {
			if c < 0x20 || c >= 0x80 || c == '\\' {
				return nil, false
			}
		}
		rest = rest[end+2:]
		length = len(start) - len(rest)
		rest = skipBlanks(rest)
		if len(rest) > 0 && rest[0] == ',' {
			rest = skipBlanks(rest[1:])
			continue
		}
		break
	}
	if rest, ok = cutPrefix(rest, `]`); !ok {
		return nil, false
	}
	if rest, ok = cutPrefix(skipBlanks(rest), `}`); !ok {
		return nil, false
	}
	return start[:length], len(skipBlanks(rest)) == 0
}

// eachPersonSlowly reads token by token: a struct would take "people" given twice, and "PEOPLE".
func eachPersonSlowly(body []byte, do func(text []byte) *refusal) *refusal {
	decoder := json.NewDecoder(bytes.NewReader(body))
	for _, want := range []json.Token{json.Delim('{'), "people", json.Delim('[')} {
		if got, err := decoder.Token(); err != nil || got != want {
			return errBadStatusRequest
		}
	}
	var people []string
	for decoder.More() {
		token, err := decoder.Token()
		person, isText := token.(string)
		if err != nil || !isText {
			return errBadStatusRequest
		}
		people = append(people, person)
	}
	for _, want := range []json.Token{json.Delim(']'), json.Delim('}')} {
		if got, err := decoder.Token(); err != nil || got != want {
			return errBadStatusRequest
		}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errBadStatusRequest
	}
	for _, person := range people {
		if refused := do([]byte(person)); refused != nil {
			return refused
		}
	}
	return nil
}

func skipBlanks(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\n' || b[0] == '\r' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}
