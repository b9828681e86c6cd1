package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"

	"poolwise/engine"
	"poolwise/storage"
)

// People of the erasure's tests: what must be found nowhere on disk.
const (
	eraseAda     = "990101199003070023"
	eraseCat     = "passport:USA:560018371"
	eraseAdaName = "测试甲"
	eraseCatName = "测试乙之子"
)

var eraseSecrets = []string{eraseAda, "USA:560018371", eraseAdaName, eraseCatName, "13900001234", "13900005678", "测试路8号室"}

// eraseCity is a server's day with people's names, phones and households, and a refused item.
func eraseCity(r *running) {
	put := func(path, body string) {
		request, err := http.NewRequest("PUT", r.url+path, strings.NewReader(body))
		if err != nil {
			r.t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-ndjson")
		response, err := http.DefaultClient.Do(request)
		contains(r.t, r.text(response, err), `"rejected":0`)
	}
	put("/v1/areas", `{"area":"35","risk":"medium"}`)
	put("/v1/rounds/R1", `{"areas":["35"]}`)
	contains(r.t, r.post("/v1/roster", `{"person":"`+eraseAda+`","area":"35","name":"`+eraseAdaName+`","sex":"F","phone":"13900001234","household":"测试路8号室"}`), `"accepted":1`)
	contains(r.t, r.post("/v1/scans",
		`{"tube":"T1","person":"`+eraseCat+`","round":"R1","area":"35","at":"2022-04-04T08:00:00+08:00","name":"`+eraseCatName+`","phone":"13900005678"}`+"\n"+
			`{"tube":"T2","person":"USA:560018371","round":"R1","at":"2022-04-04T08:00:00+08:00","name":"`+eraseCatName+`","phone":"13900005678"}`), `"accepted":1`)
	contains(r.t, r.post("/v1/results", `{"tube":"T1","verdict":"negative","lab":"L1","tested_at":"2022-04-04T14:00:00+08:00"}`), `"accepted":1`)
}

// noSecrets searches every file under directories for what names the people, in every
// encoding that a file could have.
func noSecrets(t *testing.T, roots ...string) {
	t.Helper()
	forms := map[string][]byte{}
	for _, text := range eraseSecrets {
		gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		var little, big []byte
		for _, u := range utf16.Encode([]rune(text)) {
			little, big = binary.LittleEndian.AppendUint16(little, u), binary.BigEndian.AppendUint16(big, u)
		}
		escaped := strconv.QuoteToASCII(text)
		for i, form := range [][]byte{[]byte(text), []byte(gb), little, big, []byte(escaped[1 : len(escaped)-1])} {
			forms[fmt.Sprintf("%s in form %d", text, i)] = form
		}
	}
	files := 0
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			files++
			text, err := os.ReadFile(path)
			for what, form := range forms {
				if bytes.Contains(text, form) {
					t.Errorf("%s shows %s", path, what)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 5 {
		t.Fatalf("searched %d files only", files)
	}
}

// noNamesUnsealed opens journal and snapshot with the key file, and finds no name, phone or
// household in what the file's key opens.
func noNamesUnsealed(t *testing.T, dir, key string) {
	t.Helper()
	s, err := storage.Open(storage.Disk(), dir, storage.Options{KeyFile: key, RulesVersion: engine.RulesVersion})
	if err != nil {
		t.Fatal(err)
	}
	values := 0
	look := func(what string, value []byte) {
		values++
		for _, secret := range eraseSecrets[2:] { // IDs are the engine's
			if bytes.Contains(value, []byte(secret)) {
				t.Errorf("%s of %s holds %s in spite of the erasure", what, dir, secret)
			}
		}
	}
	err = s.Replay(0, func(pos engine.Position, payload []byte, _ storage.HashCheck) error {
		look(fmt.Sprint("position ", pos), payload)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.LoadSnapshot(func(_ engine.Position, meta []byte) error {
		look("the snapshot's meta", meta)
		return nil
	}, func(column uint8, page uint32, data []byte) error {
		look(fmt.Sprintf("page %d of column %d", page, column), data)
		return nil
	})
	if err != nil || values < 10 {
		t.Fatalf("looked at %d values: %v", values, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// callErase runs the command and checks status and words.
func callErase(t *testing.T, want int, words []string, args ...string) {
	t.Helper()
	var out bytes.Buffer
	if got := erase(args, nil, &out, &out); got != want {
		t.Fatalf("erase %q: got status %d and %s; want %d", args, got, out.String(), want)
	}
	contains(t, out.String(), words...)
	for _, secret := range eraseSecrets {
		if strings.Contains(out.String(), secret) {
			t.Errorf("erase %q names somebody: %s", args, out.String())
		}
	}
}

func TestEraseEndToEnd(t *testing.T) {
	// Ensures, through HTTP and on a disk: names are told while a round is kept; an erasure
	// destroys them and leaves statuses and coverage as they were; its report is sound, and
	// altered it is not; no file shows a name, an ID or a phone before or after it, and a copy
	// of the data from before it tells none either.
	root := t.TempDir()
	t.Setenv("TMPDIR", filepath.Join(root, "tmp"))
	if err := os.Mkdir(filepath.Join(root, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	dir, report := filepath.Join(root, "data"), filepath.Join(root, "report.json")
	log, err := os.Create(filepath.Join(root, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	start := func(data string) *running {
		return begin(t, func(c *Config) { c.Data, c.KeyFile, c.Errors = data, dir+".key", log })
	}
	r := start(dir)
	eraseCity(r)
	paths := []string{"/v1/people/" + eraseAda + "/status?at=2022-04-05T08:00:00Z", "/v1/people/" + eraseCat + "/status?at=2022-04-05T08:00:00Z",
		"/v1/tubes/T1", "/v1/rounds/R1/coverage", "/v1/rounds/R1/missing"}
	var before []string
	for _, path := range paths {
		before = append(before, r.get(path))
	}
	const missing = "/v1/rounds/R1/missing?profile=1"
	contains(t, r.get(missing), eraseAdaName, "13900001234", `"sex":"F"`)
	child := exec.Command(os.Args[0], "-test.run=^TestEraseInAnotherProcess$")
	child.Env = append(os.Environ(), eraseChildEnv+"="+dir)
	text, err := child.CombinedOutput()
	if child.ProcessState.ExitCode() != 1 {
		t.Errorf("beside a running server: got %v", err)
	}
	contains(t, string(text), "stop it first")
	r.end()
	noSecrets(t, root)
	if err := os.CopyFS(filepath.Join(root, "copy"), os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}

	callErase(t, 0, []string{"round R1 is erased: 1 keys destroyed, 2 profiles", "2 pieces", "proved: ", "report: "}, "--round", "R1", "--data", dir, "--report", report)
	if info, err := os.Stat(report); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("report: got %v, %v", info, err)
	}
	noSecrets(t, root)
	checkReport(t, report, dir)

	for _, data := range []string{dir, filepath.Join(root, "copy")} {
		noNamesUnsealed(t, data, dir+".key")
		r = start(data)
		for i, path := range paths {
			if got := r.get(path); got != before[i] {
				t.Errorf("%s after the erasure: got %s; want %s", path, got, before[i])
			}
		}
		text := r.get(missing)
		if strings.Contains(text, "测试") || strings.Contains(text, "1390000") || strings.Contains(text, `"sex":"F"`) {
			t.Errorf("after the erasure, from %s: got %s", data, text)
		}
		r.end()
	}
	noSecrets(t, root)

	// The round goes on: what comes in now is kept, until it is erased again.
	r = start(dir)
	contains(t, r.post("/v1/roster", `{"person":"`+eraseAda+`","area":"35","name":"`+eraseAdaName+`"}`), `"rejected":0`)
	contains(t, r.get(missing), eraseAdaName)
	r.end()
	callErase(t, 1, []string{"is there already"}, "--round", "R1", "--data", dir, "--report", report)
	callErase(t, 0, []string{"2 keys destroyed, 1 profiles"}, "--round", "R1", "--data", dir)
	noSecrets(t, root)
}

const eraseChildEnv = "POOLWISE_TEST_ERASE"

func TestEraseInAnotherProcess(t *testing.T) {
	// Ensures nothing by itself: it is the other process of TestEraseEndToEnd.
	if dir := os.Getenv(eraseChildEnv); dir != "" {
		os.Exit(erase([]string{"--round", "R1", "--data", dir}, nil, os.Stdout, os.Stderr))
	}
}

// checkReport holds a report against --verify, whole and altered.
func checkReport(t *testing.T, report, dir string) {
	t.Helper()
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var r map[string]any
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if r["round"] != "R1" || r["profiles_deleted"] != 2.0 || r["journal_pieces"] != 2.0 || len(r["classes"].([]any)) != 1 {
		t.Errorf("got report %s", text)
	}
	host, err := os.Hostname()
	if err == nil && len(host) > 3 && strings.Contains(string(text), host) {
		t.Errorf("the report names the machine: %s", text)
	}
	callErase(t, 0, []string{"sound", "the store of key file", "round R1"}, "--verify", report, "--key-file", dir+".key")
	callErase(t, 0, []string{"sound", "name the store's --key-file"}, "--verify", report)
	other := filepath.Join(t.TempDir(), "other.key")
	bad := filepath.Join(t.TempDir(), "bad.json")
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(other, strings.Repeat("ab", 32)+"\n")
	callErase(t, 1, []string{"another store"}, "--verify", report, "--key-file", other)
	for old, altered := range map[string]string{
		`"profiles_deleted": 2`: `"profiles_deleted": 3`, `"round": "R1"`: `"round": "R2"`, `"number": 1`: `"number": 2`,
		`"proved": "after`: `"proved": "before`, `"signature": "`: `"signature": "00`, `"public_key": "`: `"public_key": "00`, `"report": "poolwise`: `"report": "Poolwise`, `{`: `{"more":1,`,
	} {
		write(bad, strings.Replace(string(text), old, altered, 1))
		callErase(t, 1, []string{"cannot check the report"}, "--verify", bad)
	}
}

func TestEraseNothing(t *testing.T) {
	// Ensures that a round without personal data is said to be none, never erased or proved, with
	// another status, and reported with zeros; that use which
	// cannot be meant is refused; and that no store is made where there was none.
	root := t.TempDir()
	dir, report := filepath.Join(root, "data"), filepath.Join(root, "report.json")
	callErase(t, 1, []string{"there is no store"}, "--round", "R1", "--data", dir)
	if _, err := os.Stat(dir); err == nil {
		t.Error("a store was made")
	}
	r := begin(t, func(c *Config) { c.Data = dir })
	story(r)
	r.end()
	nothing := "no profiles are kept under round R1: nothing to erase"
	callErase(t, 1, []string{nothing, "report: "}, "--round", "R1", "--data", dir, "--report", report)
	if text, err := os.ReadFile(report); err != nil || !strings.Contains(string(text), nothingText) || !strings.Contains(string(text), `"profiles_deleted": 0`) {
		t.Errorf("got report %s, %v", text, err)
	}
	callErase(t, 1, []string{nothing, "cannot write the report, though nothing was erased"}, "--round", "R1", "--data", dir, "--report", filepath.Join(root, "nowhere", "report.json"))
	callErase(t, 0, []string{"sound", "0 keys"}, "--verify", report, "--key-file", dir+".key")
	callErase(t, 1, []string{"want 1 to 32"}, "--round", "R 1", "--data", dir)
	callErase(t, 2, []string{"want --round and --data"}, "--data", dir)
	callErase(t, 2, []string{"want --round and --data"}, "--round", "R1")
	callErase(t, 2, []string{"flags only"}, "--round", "R1", "--data", dir, "R2")
	callErase(t, 2, []string{"only checks"}, "--verify", report, "--round", "R1")
	callErase(t, 0, []string{"poolwise erase --verify"}, "-h")
	var out bytes.Buffer
	if got := erase([]string{"--round", "R1"}, []string{"POOLWISE_DATA=" + dir, "POOLWISE_ROUND=R2"}, &out, &out); got != 1 || strings.TrimSpace(out.String()) != "poolwise: "+nothing {
		t.Errorf("from the environment: got %d, %s", got, out.String())
	}
	out.Reset()
	if got := erase(nil, []string{"POOLWISE_DATA=" + dir, "POOLWISE_ROUND=R1"}, &out, &out); got != 2 {
		t.Errorf("a round from the environment: got %d, %s", got, out.String())
	}
}
