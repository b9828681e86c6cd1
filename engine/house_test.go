package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"poolwise/engine"
)

// forbidden in the engine, with everything below it: each would make two replays differ,
// or is not the engine's business.
var forbidden = map[string]string{
	"time":          "time comes in with events",
	"math":          "floats round differently from machine to machine",
	"math/rand":     "the same journal gives the same state",
	"crypto/rand":   "the same journal gives the same state",
	"maps":          "the order of a map is different every time",
	"os":            "the engine does no I/O",
	"io":            "the engine does no I/O",
	"net":           "the engine does no I/O",
	"syscall":       "the engine does no I/O",
	"path/filepath": "the engine does no I/O",
	"log":           "whoever applies knows what to say, and says no personal data",
	"context":       "Apply is total: nothing can cancel it",
	"runtime":       "what the engine does hangs on nothing but the journal",
	"C":             "the build is pure Go",
}

// allowed below a forbidden name.
var allowed = map[string]bool{"math/bits": true}

// TestEngineIsPure ensures that the engine imports the standard library and bitset only, and of
// the former nothing with a clock, dice or a disk; ranges over no map; knows no floats; and
// starts no goroutine.
func TestEngineIsPure(t *testing.T) {
	fset, files := parseFolder(t, ".")
	for _, file := range files {
		for _, path := range importsOf(file) {
			first, _, _ := strings.Cut(path, "/")
			if strings.Contains(first, ".") && path != "github.com/bits-and-blooms/bitset" || first == "poolwise" {
				t.Errorf("%s imports %s: the engine needs the standard library and bitset only", fset.Position(file.Pos()).Filename, path)
			}
			for bad, reason := range forbidden {
				if (path == bad || strings.HasPrefix(path, bad+"/")) && !allowed[path] {
					t.Errorf("%s imports %s: %s", fset.Position(file.Pos()).Filename, path, reason)
				}
			}
		}
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	// Imports are left empty: what the engine ranges over and counts with is its own.
	conf := types.Config{Importer: emptyImporter{}, Error: func(error) {}}
	_, _ = conf.Check("poolwise/engine", fset, files, info)
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.RangeStmt:
				if typ := info.TypeOf(n.X); typ != nil {
					if _, isMap := typ.Underlying().(*types.Map); isMap {
						t.Errorf("%s: range over a map: its order is different every time", fset.Position(n.Pos()))
					}
				}
			case *ast.GoStmt:
				t.Errorf("%s: a go statement: the engine starts no goroutines", fset.Position(n.Pos()))
			case ast.Expr:
				if typ := info.TypeOf(n); typ != nil {
					if basic, ok := typ.Underlying().(*types.Basic); ok && basic.Info()&(types.IsFloat|types.IsComplex) != 0 {
						t.Errorf("%s: a float: it rounds differently from machine to machine", fset.Position(n.Pos()))
					}
				}
			}
			return true
		})
	}
}

type emptyImporter struct{}

func (emptyImporter) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	p := types.NewPackage(path, path[strings.LastIndex(path, "/")+1:])
	p.MarkComplete()
	return p, nil
}

// parseFolder parses a package's files without its tests.
func parseFolder(t *testing.T, folder string) (*token.FileSet, []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return fset, files
}

func importsOf(file *ast.File) (paths []string) {
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, path)
	}
	return paths
}

// house is which top-level folder may import which, and why.
var house = map[string]struct {
	may []string
	why string
}{
	"engine":   {nil, "the rules depend on nobody"},
	"storage":  {[]string{"engine"}, "it keeps what the engine says and knows no requests"},
	"ingest":   {[]string{"engine"}, "it turns bytes into the engine's columns and keeps nothing"},
	"api":      {[]string{"engine", "ingest", "storage"}, "it speaks HTTP for those below"},
	"cmd":      {[]string{"engine", "ingest", "storage", "api", "loadtest"}, "all wiring is here"},
	"loadtest": {nil, "its oracle must share no mistake with what it checks; it speaks HTTP like any client"},
}

// only these folders may import what begins so.
var only = map[string]struct {
	folders []string
	why     string
}{
	"github.com/cockroachdb/pebble/v2/vfs": {[]string{"storage"}, "storage runs on vfs.FS; others take storage.Disk"},
	"github.com/cockroachdb/pebble":        {[]string{"storage"}, "how things are kept is storage's secret"},
	"github.com/valyala/fasthttp":          {[]string{"api"}, "HTTP stays at the door"},
}

// TestImportsPointOneWay ensures that the folders of the module import each other downwards only,
// and that Pebble and fasthttp are known each in one place.
func TestImportsPointOneWay(t *testing.T) {
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != ".." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder, _, _ := strings.Cut(filepath.ToSlash(strings.TrimPrefix(path, ".."+string(os.PathSeparator))), "/")
		rule, known := house[folder]
		if !known {
			t.Errorf("%s: the top-level folders are engine, ingest, api, storage, loadtest and cmd", path)
		}
		for _, imported := range importsOf(file) {
			if to, ours := strings.CutPrefix(imported, "poolwise/"); ours {
				to, _, _ = strings.Cut(to, "/")
				if to != folder && !slices.Contains(rule.may, to) {
					t.Errorf("%s imports %s: %s", path, imported, rule.why)
				}
			}
			checkOnly(t, path, folder, imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkOnly applies the longest rule that an import falls under.
func checkOnly(t *testing.T, path, folder, imported string) {
	longest := ""
	for prefix := range only {
		if strings.HasPrefix(imported, prefix) && len(prefix) > len(longest) {
			longest = prefix
		}
	}
	if longest != "" && !slices.Contains(only[longest].folders, folder) {
		t.Errorf("%s imports %s: %s", path, imported, only[longest].why)
	}
}

// town is a group of new people in new tubes of ten: n people, numbered from first.
func town(first, n int) []*engine.Batch {
	b := &engine.Batch{Roles: engine.RoleAll, Received: noon(0)}
	for i := first; i < first+n; i++ {
		if i%10 == 0 || i == first {
			code := b.Put([]byte("TOWN" + strconv.Itoa(i/10)))
			b.Tubes = append(b.Tubes, code)
			b.TubeHash = append(b.TubeHash, engine.HashTube(b.Text(code)))
		}
		if i == first {
			b.Contexts = append(b.Contexts, engine.Context{Site: b.Put([]byte("S1"))})
		}
		b.Add(engine.KindScan, 0, uint32(len(b.Tubes)-1), engine.ResidentRef(uint64(11010119000000000+i)), noon(0)+engine.Seconds(i%10), 0, 0, engine.Span{})
	}
	return []*engine.Batch{b}
}

// TestSteadyGroupAllocatesNothing ensures that a group of known people, tubes and sites costs no
// allocation, whether its items are new to the tube or duplicates.
func TestSteadyGroupAllocatesNothing(t *testing.T) {
	d := newDesk()
	group := town(0, 4000)
	var changes engine.Changes
	apply := func() {
		d.applied++
		d.Apply(d.applied, group, &changes)
	}
	apply()
	if n := testing.AllocsPerRun(20, apply); n != 0 && !raceDetector {
		t.Errorf("want no allocation in a group of 4,000 duplicates; got %v", n)
	}
	for i := range group[0].Outcome {
		if group[0].Outcome[i] != engine.Duplicate {
			t.Fatalf("want duplicates; got %s", group[0].Outcome[i].Code())
		}
	}
}

// TestGrowthTakesWholePages ensures that 4,096 more people in new tubes take, of each structure,
// no more than one page of the allocator, and in all no more than 64 bytes a person and 24 a scan.
func TestGrowthTakesWholePages(t *testing.T) {
	const block, blocks = 4096, 64
	d := newDesk()
	groups := make([][]*engine.Batch, blocks)
	for i := range groups {
		groups[i] = town(i*block, block)
	}
	var changes engine.Changes
	d.applied++
	d.Apply(d.applied, groups[0], &changes)
	before := d.pages.taken
	for _, group := range groups[1:] {
		d.applied++
		d.Apply(d.applied, group, &changes)
	}
	parts := len(d.Bytes())
	got := d.pages.taken - before
	if most := parts * (blocks - 1); got > most {
		t.Errorf("want at most %d pages for %d people and %d structures; got %d", most, (blocks-1)*block, parts, got)
	}
	if perPerson := got * engine.PageBytes / ((blocks - 1) * block); perPerson > 64+24 {
		t.Errorf("want at most 88 bytes a person with one scan; got %d", perPerson)
	}
	var sum uint64
	for _, part := range d.Bytes() {
		sum += part.Bytes
	}
	if held := uint64(d.pages.taken) * engine.PageBytes; sum < held/2 || sum > held*2 {
		t.Errorf("want Bytes to account for the %d bytes of pages; got %d", held, sum)
	}
	ensureSound(t, d)
}
