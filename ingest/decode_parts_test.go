package ingest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"poolwise/engine"
)

func TestParsePerson(t *testing.T) {
	// Ensures that every kind of document is read to its canonical form, and nothing else is.
	for _, c := range []struct{ text, want string }{
		{ada, ada}, {"11010519491231002X", "11010519491231002X"}, {"11010519491231002x", "11010519491231002X"},
		{"440524188001010014", "440524188001010014"}, {"34052419800101001X", "34052419800101001X"},
		{"110105194912310021", ""}, {"110105194902290021", ""}, {"11010519491231002", ""}, {"1101051949123100２X", ""}, {"1101O519491231002X", ""},
		{"110105491231002", "11010519491231002X"}, {"11010549123100X", ""}, {"110105490229002", ""},
		{"passport:USA:560018274", "passport:USA:560018274"}, {"PassPort:usa:ab12345", "passport:USA:AB12345"}, {"passport:US:560018274", ""},
		{"passport:USA:1234", ""}, {"passport:USA:12345", "passport:USA:12345"}, {"passport:USA:123456789012345678901", ""}, {"passport:USA:12 456", ""}, {"passport:U1A:12345", ""},
		{"hkm:H12345678", "hkm:H12345678"}, {"hkm:m1234567802", "hkm:M12345678"}, {"hkm:H123456780", ""}, {"hkm:X12345678", ""}, {"hkm:H1234567", ""}, {"hkm:H12345678AB", ""},
		{"twn:12345678", "twn:12345678"}, {"TWN:1234567801", "twn:12345678"}, {"twn:123456789", ""}, {"twn:1234567A", ""},
		{"frp:abc123456789012", "frp:ABC123456789012"}, {"frp:AB1123456789012", ""}, {"frp:" + ada, "frp:" + ada}, {"frp:990101199003070024", ""}, {"frp:11010519491231002X", ""},
		{"none:35:1", "none:35:1"}, {"None:350582108201:S1-7", "none:350582108201:S1-7"}, {"none:35:ab.C_d-1", "none:35:ab.C_d-1"}, {"none:3:1", ""}, {"none:35:", ""}, {"none:35", ""},
		{"none:350582108201350582108:1", ""}, {"none:35:123456789012345678901234567890123", ""}, {"none:35:a b", ""}, {"none:3a:1", ""},
		{"", ""}, {":", ""}, {"resident:" + ada, ""}, {"visa:USA:12345", ""}, {"none:35:流浪汉1", ""}, {" " + ada, ""}, {"passport", ""}, {"passport:", ""}, {"hkm:", ""}, {"frp:", ""}, {"twn:", ""},
	} {
		got, digits17, resident, ok := ParsePerson([]byte("^"), []byte(c.text), benchNow)
		if string(got) != "^"+c.want || ok != (c.want != "") {
			t.Errorf("%q: got %q %v, want %q", c.text, got, ok, c.want)
		}
		if resident != (ok && len(c.want) == 18 && c.want[1] <= '9') || (resident && string(AppendResident(nil, digits17)) != c.want) {
			t.Errorf("%q: resident %v, digits %d", c.text, resident, digits17)
		}
	}
}

func TestBirthDates(t *testing.T) {
	// Ensures that dates of birth are real, from 1850 on, and not ahead of anyone's calendar.
	for _, c := range []struct {
		born uint64 // yyyymmdd
		ok   bool
	}{
		{18500101, true}, {18491231, false}, {20000229, true}, {19000229, false}, {20210229, false}, {20200229, true}, {20200431, false}, {20201301, false},
		{20200001, false}, {20200100, false}, {20220404, true}, {20220405, true}, {20220406, false}, {99990101, false},
	} {
		id := AppendResident(nil, 350582*1e11+c.born*1e3+7)
		if _, _, _, ok := ParsePerson(nil, id, benchNow); ok != c.ok {
			t.Errorf("%d: got %v", c.born, ok)
		}
	}
}

func TestCheckCharacter(t *testing.T) {
	// Ensures that the fast check character is that of the standard, digit by digit.
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	r := rand.New(rand.NewPCG(3, 4))
	for range 100000 {
		id, sum, want := make([]byte, 18), 0, uint64(0)
		for i := range 17 {
			id[i] = '0' + byte(r.IntN(10))
			sum += weights[i] * int(id[i]-'0')
			want = want*10 + uint64(id[i]-'0')
		}
		for _, id[17] = range []byte("0123456789Xx*\xb0") {
			got, ok := parse18(id)
			if right := "10X98765432"[sum%11] == id[17] || (id[17] == 'x' && sum%11 == 2); ok != right || (ok && got != want) {
				t.Fatalf("%s: %d %v, want %v", id, got, ok, right)
			}
		}
		id[17] = "10X98765432"[sum%11]
		at := r.IntN(17)
		id[at] = byte(r.IntN(256))
		if _, ok := parse18(id); ok && (id[at] < '0' || id[at] > '9') {
			t.Fatalf("%q is taken", id)
		}
	}
}

func TestTimes(t *testing.T) {
	// Ensures that times are read as RFC 3339 says, and refused for the right reason.
	for _, c := range []struct{ text, want string }{
		{"2022-04-04T08:01:00+08:00", "ok"}, {"2022-04-04T08:01:00Z", "ok"}, {"2022-04-04t08:01:00z", "ok"}, {"2022-04-04T08:01:00.123456789-03:30", "ok"},
		{"2020-02-29T00:00:00Z", "ok"}, {"2021-02-29T00:00:00Z", "field_invalid"}, {"2022-04-31T00:00:00Z", "field_invalid"}, {"2022-13-01T00:00:00Z", "field_invalid"},
		{"2022-00-01T00:00:00Z", "field_invalid"}, {"2022-04-00T00:00:00Z", "field_invalid"}, {"2022-04-04T24:00:00Z", "field_invalid"}, {"2022-04-04T08:60:00Z", "field_invalid"},
		{"2022-04-04T08:01:60Z", "field_invalid"}, {"2022-04-04T08:01:00.Z", "field_invalid"}, {"2022-04-04T08:01:00,5Z", "field_invalid"}, {"2022-04-04T08:01Z", "field_invalid"},
		{"2022-04-04", "field_invalid"}, {"2022-04-04T08:01:00+8:00", "field_invalid"}, {"2022-04-04T08:01:00+0800", "field_invalid"}, {"2022-04-04T08:01:00+24:00", "field_invalid"},
		{"2022-04-04T08:01:00+08:60", "field_invalid"}, {"2022-04-04T08:01:00*08:00", "field_invalid"}, {"2022-04-04T08:01:00ZZ", "field_invalid"}, {"2022-04-04 08:01:00Z", "field_invalid"},
		{"2022/04/04T08:01:00Z", "field_invalid"}, {"2O22-04-04T08:01:00Z", "field_invalid"}, {"2022-04-04T08-01-00Z", "field_invalid"}, {"", "field_invalid"}, {"now", "field_invalid"},
		{"2022-04-04T08:01:00", "time_without_offset"}, {"2022-04-04 08:01:00", "time_without_offset"}, {"2022-04-04T08:01:00.5", "time_without_offset"},
		{"2022-04-04T12:10:00Z", "ok"}, {"2022-04-04T12:10:01Z", "time_in_future"}, {"2022-04-04T20:10:01+08:00", "time_in_future"}, {"9999-12-31T23:59:59Z", "field_invalid"},
		{"2000-01-01T00:00:01Z", "ok"}, {"2000-01-01T00:00:00Z", "field_invalid"}, {"1999-12-31T23:59:59Z", "field_invalid"}, {"2000-01-01T07:59:59+08:00", "field_invalid"}, {"0000-00-00T00:00:00Z", "field_invalid"},
	} {
		var r timeReader
		r.reset(Options{Now: benchNow})
		for _, pass := range []string{"cold", "warm"} {
			got, f := r.read([]byte(c.text), fieldAt)
			code := "ok"
			if f != nil {
				code = string(f.code)
			}
			if code != c.want {
				t.Errorf("%s, %s: got %s, want %s", c.text, pass, code, c.want)
			}
			if want, err := time.Parse(time.RFC3339, c.text); f == nil && err == nil && want.Unix() != got.Unix() {
				t.Errorf("%s, %s: got %d, want %d", c.text, pass, got.Unix(), want.Unix())
			}
		}
	}
}

func TestTimesLikeStandardLibrary(t *testing.T) {
	// Ensures that random times, also damaged ones, are read as the standard library reads them, with a warm cache.
	r := rand.New(rand.NewPCG(5, 6))
	var reader timeReader
	reader.reset(Options{Now: benchNow})
	offsets := []int{0, 8 * 3600, 8 * 3600, -5*3600 - 1800, 14 * 3600}
	for range 200000 {
		zone := time.FixedZone("", offsets[r.IntN(len(offsets))])
		text := []byte(time.Unix(engine.EpochUnix+1+r.Int64N(3)*86400*366+r.Int64N(200000), 0).In(zone).Format(time.RFC3339))
		if r.IntN(3) == 0 {
			text[r.IntN(len(text))] = "0123456789:-+TZ.\x00\xff"[r.IntN(18)]
		}
		got, f := reader.read(text, fieldAt)
		want, err := time.Parse(time.RFC3339, string(text))
		if bytes.HasSuffix(text, []byte(":60")) || bytes.HasSuffix(text, []byte("24:00")) {
			err = errors.New("no such offset") // the standard library lets both pass
		}
		if err == nil && want.Unix() > engine.EpochUnix && want.Unix() <= benchNow {
			if f != nil || got.Unix() != want.Unix() {
				t.Fatalf("%q: %v %v, want %d", text, got.Unix(), f, want.Unix())
			}
		} else if f == nil {
			t.Fatalf("%q is taken: %v", text, err)
		}
	}
}

func TestTubeCharacters(t *testing.T) {
	// Ensures that the check eight bytes at a time takes the same codes as one byte at a time.
	for n := 0; n <= 34; n++ {
		for at := range n {
			for c := range 256 {
				code := []byte("A0-Z9B8C7D6E5F4G3H2I1J0K-L1M2N3O4P")[:n]
				code[at] = byte(c)
				want := n <= 32 && (isDigit(byte(c)) || c == '-' || (c >= 'A' && c <= 'Z'))
				if isTube(code) != want {
					t.Fatalf("%q: got %v", code, !want)
				}
			}
		}
	}
	if isTube(nil) {
		t.Fatal("the empty code is taken")
	}
}

func TestKeys(t *testing.T) {
	// Ensures that both ways to find a field by its key know every field, and no other.
	for f, v := range fields {
		for _, c := range []struct {
			text string
			want field
		}{{v.name, field(f)}, {v.name[:len(v.name)-1] + "_", fieldUnknown}, {v.name + "x", fieldUnknown}} {
			name := keyAt([]byte(c.text + `":"value12`))
			if name != c.want || fieldNamed([]byte(c.text)) != c.want {
				t.Errorf("%s: got %d and %d, want %d", c.text, name, fieldNamed([]byte(c.text)), c.want)
			}
		}
	}
}
