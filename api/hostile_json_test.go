package api

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"
)

func utf16Text(text string, bom string) string {
	var b strings.Builder
	b.WriteString(bom)
	for _, u := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

func TestHostileJSON(t *testing.T) {
	// Ensures that rubbish among items costs the items it is in and no others, and rubbish
	// around them the request.
	h := open(t, nil).ready()
	good := scan("T1", ada, "04T08:00:00")
	object := strings.TrimSpace(good)
	with := func(more string) string { return object[:len(object)-1] + "," + more + "}\n" + good }
	n := strings.Repeat
	for _, c := range []struct{ name, json, body, want string }{
		{"depth 16", "", with(`"x":` + n("[", 15) + n("]", 15)), "200: 2 accepted, 0 rejected"},
		{"depth 17", "", with(`"x":` + n("[", 16) + n("]", 16)), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"depth 30,000", "", with(`"x":` + n("[", 30_000) + n("]", 30_000)), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"depth 100,000", "", n("[", 100_000) + n("]", 100_000) + "\n" + good, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"depth 100,000 in an array", "json", "[" + n(`{"a":`, 100_000) + "1" + n("}", 100_000) + "," + object + "]", "200: 1 accepted, 1 rejected, bad_syntax"},
		{"depth of a million, never closed", "json", n("[", 1_000_000), "400 bad_encoding"},
		{"objects a million deep, never closed", "json", n(`{"a":`, 1_000_000), "400 bad_encoding"},
		{"256 keys", "", with(`"x":{` + manyKeys(256) + `}`), "200: 2 accepted, 0 rejected"},
		{"257 keys", "", with(`"x":{` + manyKeys(257) + `}`), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"5,000 keys", "", with(manyKeys(5_000)), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"one key twice", "", with(`"tube":"T2"`), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"one key twice, within", "", with(`"x":{"a":1,"a":2}`), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"one key twice, escaped", "", with(`"t\u0075be":"T2"`), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"one key a million times", "", "{" + n(`"tube":"T1",`, 1_000_000) + "\n" + good, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"one key a million times in an array", "json", "[{" + n(`"a":1,`, 999_999) + `"a":1},` + object + "]", "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a key of 60,000 bytes", "", with(`"` + n("k", 60_000) + `":1`), "200: 2 accepted, 0 rejected"},
		{"a string of 64 KiB", "", with(`"x":"` + n("s", 64<<10) + `"`), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a string of 64 KiB in an array", "json", `[{"x":"` + n("s", 64<<10) + `"},` + object + "]", "200: 1 accepted, 1 rejected, bad_syntax"},
		{"an item of exactly 64 KiB", "", object[:len(object)-1] + n(" ", 64<<10-len(object)) + "}\n", "200: 1 accepted, 0 rejected"},
		{"an item of 64 KiB and one", "", object[:len(object)-1] + n(" ", 64<<10-len(object)+1) + "}\n" + good, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a line of 60 MiB", "", `{"x":"` + n("s", 60<<20) + "\"}\n" + good, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a free text of 257 bytes", "", with(`"name":"` + n("x", 257) + `"`), "200: 1 accepted, 1 rejected, field_invalid"},
		{"half a surrogate", "", with(`"x":"\ud83d"`), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"the other half", "", with(`"x":"\ude00"`), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"halves in the wrong order", "", with(`"x":"\ude00\ud83d"`), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a whole pair", "", with(`"x":"\ud83d\ude00"`), "200: 2 accepted, 0 rejected"},
		{"a number of 10,000 digits", "", with(`"x":` + n("9", 10_000)), "200: 2 accepted, 0 rejected"},
		{"a number of 10,000 digits where one is read", "events", `{"type":"tube.close","tube":"T9","at":"2022-04-04T08:00:00+08:00","members":` + n("9", 10_000) + "}\n", "200: 0 accepted, 1 rejected, field_invalid"},
		{"1e999999999", "", with(`"x":1e999999999`), "200: 2 accepted, 0 rejected"},
		{"NaN", "", with(`"x":NaN`), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a number with zeros ahead", "", with(`"x":007`), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"NUL in a string", "", with("\"x\":\"a\x00b\""), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"NUL escaped", "", with(`"x":"\u0000"`), "200: 2 accepted, 0 rejected"},
		{"NUL escaped in a tube", "", strings.Replace(good, "T1", `T\u0000`, 1) + good, "200: 1 accepted, 1 rejected, field_invalid"},
		{"NULs alone", "", n("\x00", 1000) + "\n" + good, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a line feed in a string", "", "{\"tube\":\"T\n1\"}\n" + good, "200: 1 accepted, 2 rejected, bad_syntax"},
		{"not UTF-8", "", with("\"x\":\"\xff\xfe\""), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"UTF-8 too long", "", with("\"x\":\"\xc0\xaf\""), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"surrogates in UTF-8", "", with("\"x\":\"\xed\xa0\x80\""), "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a byte order mark ahead", "", "\xef\xbb\xbf" + good, "200: 1 accepted, 0 rejected"},
		{"two byte order marks ahead", "", "\xef\xbb\xbf\xef\xbb\xbf" + good + good, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a byte order mark in the middle", "", good + "\xef\xbb\xbf" + good, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"UTF-16", "", utf16Text(good, "\xff\xfe"), "200: 0 accepted, 2 rejected, bad_syntax"},
		{"UTF-16 without a mark", "", utf16Text(good, ""), "200: 0 accepted, 2 rejected, bad_syntax"},
		{"UTF-16 of an array", "json", utf16Text("["+object+"]", "\xff\xfe"), "400 bad_encoding"},
		{"comments", "", "// hello\n/* */\n" + good, "200: 1 accepted, 2 rejected, bad_syntax"},
		{"single quotes", "", strings.ReplaceAll(good, `"`, "'") + good, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a comma at the end", "", object[:len(object)-1] + ",}\n" + good, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"two objects in a line", "", object + object + "\n" + good, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"an array in a line", "", "[" + object + "]\n" + good, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"numbers, words, strings", "", "1\ntrue\nnull\n\"x\"\n" + good, "200: 1 accepted, 4 rejected, bad_syntax"},
		{"numbers in an array", "json", `[1,true,null,"x",[],` + object + "]", "200: 1 accepted, 5 rejected, bad_syntax"},
		{"an array and more", "json", "[" + object + "] x", "400 bad_encoding"},
		{"two arrays", "json", "[" + object + "][" + object + "]", "400 bad_encoding"},
		{"an array without end", "json", "[" + object + ",", "400 bad_encoding"},
		{"an array of nothing", "json", "[]", "400 empty_batch"},
		{"an array with a comma at the end", "json", "[" + object + ",]", "400 bad_encoding"},
		{"empty", "", "", "400 empty_batch"},
		{"empty JSON", "json", "", "400 empty_batch"},
		{"blank lines", "", n(" \r\n\t\n", 1000), "400 empty_batch"},
		{"16 MiB of blank lines", "", n("\n", 16<<20), "400 empty_batch"},
		{"blank JSON", "json", n(" \n", 1000), "400 empty_batch"},
		{"a line of blanks, 60 MiB", "", n(" ", 60<<20) + "\n" + good, "200: 1 accepted, 0 rejected"},
		{"100,000 items", "", n(good, 100_000), "200: 100000 accepted, 0 rejected"},
		{"100,001 items", "", n(good, 100_001), "413 too_many_items"},
		{"100,001 items of an array", "json", "[" + n(object+",", 100_000) + object + "]", "413 too_many_items"},
		{"100,001 errors", "", n("x\n", 100_001), "413 too_many_items"},
		{"a prototype", "", with(`"__proto__":{"state":"confirmed"},"constructor":1`), "200: 2 accepted, 0 rejected"},
		{"code in an ID", "", scan("T1", "'; DROP TABLE people; --", "04T08:00:00") + good, "200: 1 accepted, 1 rejected, person_invalid"},
		{"code in a tube", "", scan("<script>alert(1)</script>", ada, "04T08:00:00") + good, "200: 1 accepted, 1 rejected, field_invalid"},
		{"format verbs", "", scan("%s%n%x", ada, "04T08:00:00") + good, "200: 1 accepted, 1 rejected, field_invalid"},
		{"a date that is none", "", scan("T1", ada, "31T08:00:00") + good, "200: 1 accepted, 1 rejected, field_invalid"},
		{"a year of six digits", "", strings.Replace(good, "2022", "202222", 1) + good, "200: 1 accepted, 1 rejected, field_invalid"},
		{"a time past all times", "", strings.Replace(good, "2022", "9999", 1) + good, "200: 1 accepted, 1 rejected, field_invalid"},
		{"a time before all times", "", strings.Replace(good, "2022", "0001", 1) + good, "200: 1 accepted, 1 rejected, field_invalid"},
		{"an offset past a day", "", strings.Replace(good, "+08:00", "+99:99", 1) + good, "200: 1 accepted, 1 rejected, field_invalid"},
	} {
		path, header := "/v1/scans", "Content-Type: "+typeNDJSON
		switch c.json {
		case "json":
			header = "Content-Type: " + typeJSON
		case "events":
			path = "/v1/events"
		}
		if got := h.batch(path, c.body, header); got != c.want {
			t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
		h.settled(c.name)
	}
	h.healthy("at the end")
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":1`, i)
	}
	return b.String()[1:]
}

func TestHostileBatchOfErrors(t *testing.T) {
	// Ensures that the answer to 100,000 bad items is bounded, its counts whole, and that it
	// costs no memory to speak of.
	h := open(t, nil).ready()
	before := heapLeft()
	body := strings.Repeat(`{"tube":"`+strings.Repeat("?", 40)+`"}`+"\n", 100_000)
	for _, path := range []string{"/v1/scans", "/v1/results", "/v1/events", "/v1/roster"} {
		status, text, _ := h.ask("POST", path, body)
		if status != 200 || !strings.Contains(text, `"received":100000,"accepted":0,"duplicates":0,"rejected":100000`) || !strings.Contains(text, `"errors_truncated":true`) ||
			strings.Count(text, `"index"`) != errorsMax || len(text) > 300*errorsMax {
			t.Errorf("%s: got %d bytes, %d errors: %d %.200s", path, len(text), strings.Count(text, `"index"`), status, text)
		}
	}
	flagged := strings.Builder{}
	for i := range 2 * flagsMax {
		flagged.WriteString(result(fmt.Sprint("F", i), "negative", "04T08:00:00"))
	}
	_, text, _ := h.ask("POST", "/v1/results", flagged.String())
	if !strings.Contains(text, `"flagged":2000`) || strings.Count(text, `"index"`) != flagsMax || !strings.Contains(text, `"flags_truncated":true`) {
		t.Errorf("flags: got %d of %.200s", strings.Count(text, `"index"`), text)
	}
	if grown := heapLeft() - before; grown > 64<<20 {
		t.Errorf("got %d MiB more of heap after all", grown>>20)
	}
	h.healthy("at the end")
}

// heapLeft is what is left of the heap after what pools held is gone, which takes two collections.
func heapLeft() int64 {
	runtime.GC()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return int64(memory.HeapAlloc)
}

func TestHostileStatus(t *testing.T) {
	// Ensures what a bulk status of rubbish gets: it is refused whole.
	h := open(t, nil).ready()
	people := func(n int) string { return `{"people":[` + strings.Repeat(`"`+ada+`",`, n-1) + `"` + ada + `"]}` }
	for _, c := range []struct{ name, body, want string }{
		{"10,000 people", people(10_000), "200 "},
		{"10,001 people", people(10_001), "413 too_many_items"},
		{"more than 1 MiB", people(10_000) + strings.Repeat(" ", 1<<20), "413 body_too_large"},
		{"no body", "", "400 bad_encoding"},
		{"nobody", `{"people":[]}`, "200 "},
		{"no people", `{}`, "400 bad_encoding"},
		{"people twice", `{"people":["` + ada + `"],"people":[]}`, "400 bad_encoding"},
		{"in capitals", `{"PEOPLE":["` + ada + `"]}`, "400 bad_encoding"},
		{"numbers", `{"people":[990101199003070023]}`, "400 bad_encoding"},
		{"null", `{"people":[null]}`, "400 bad_encoding"},
		{"deep", `{"people":` + strings.Repeat("[", 500_000), "400 bad_encoding"},
		{"deep within", `{"people":[` + strings.Repeat("[", 500_000), "400 bad_encoding"},
		{"more fields", `{"people":["` + ada + `"],"x":1}`, "400 bad_encoding"},
		{"an ID of 1 MiB", `{"people":["` + strings.Repeat("9", 1<<20-20) + `"]}`, "400 person_invalid"},
		{"NUL", "{\"people\":[\"\x00\"]}", "400 bad_encoding"},
		{"half a surrogate", `{"people":["\ud83d"]}`, "400 person_invalid"},
		{"a byte order mark", "\xef\xbb\xbf" + people(1), "400 bad_encoding"},
		{"not UTF-8", "{\"people\":[\"\xff\"]}", "400 person_invalid"},
		{"500,000 empty IDs", `{"people":[` + strings.Repeat(`"",`, 300_000) + `""]}`, "400 person_invalid"},
	} {
		status, text, _ := h.ask("POST", "/v1/status", c.body, "Content-Type: application/json")
		if got := fmt.Sprint(status, " ", codeIn(text)); got != c.want && (status != 200 || c.want != "200 ") {
			t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
	}
	h.healthy("at the end")
}
