package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"poolwise/ingest"
)

// loadConfig is everything that can be said of a load.
type loadConfig struct {
	Kind, File  string
	Target      string
	Format      string // ndjson, json, csv or xlsx; filled from the file's name when empty
	Packed      string // "", gzip or zstd, by the file's name
	Round       string
	Batch       int
	Connections int
	Zone        string
	Charset     string
	Compress    string
	Errors      string
	RetryFor    time.Duration
	DryRun      bool
	Quiet       bool
}

var errLoadUse = errors.New("not the way to call it")

// loadKinds are what can be loaded: where it is sent, and whether the order of the file
// counts. An area put twice is what the later line says, and a scan is judged by what
// came before it; results mean the same in any order. Of a person who stands in a roster
// twice either line may come last: --connections 1 keeps the order.
var loadKinds = []struct {
	kind, method, path string
	ordered            bool
	key                string // the heading that a table of this kind must have
}{
	{"roster", "POST", "/v1/roster", false, "person"},
	{"areas", "PUT", "/v1/areas", true, "area"},
	{"sites", "PUT", "/v1/sites", true, "site"},
	{"labs", "PUT", "/v1/labs", true, "lab"},
	{"round", "PUT", "/v1/rounds/", true, ""},
	{"scans", "POST", "/v1/scans", true, "tube"},
	{"results", "POST", "/v1/results", false, "tube"},
	{"events", "POST", "/v1/events", true, "type"},
}

const loadUsage = `poolwise load KIND FILE [flags] sends a file to a running server, in batches.

KIND is roster, areas, sites, labs, round, scans, results or events. FILE is .ndjson, .jsonl,
.json, .csv or .xlsx, each also with .gz or .zst, or - for the standard input (with --format).
A batch that got no answer is sent again; a file that was loaded in part can be loaded again.
Exit status: 0 when nothing was rejected, 1 when items were or it failed, 2 for wrong use.

`

// load is `poolwise load`.
func load(args, environ []string, out, errs io.Writer) int {
	cfg, err := parseLoad(args, environ, errs)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(errs, "poolwise: %v\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	return newLoader(cfg, out, errs).run(ctx, os.Stdin)
}

func (c *loadConfig) flags(errs io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet("poolwise load", flag.ContinueOnError)
	f.SetOutput(errs)
	f.Usage = func() {
		fmt.Fprint(errs, loadUsage)
		f.PrintDefaults()
	}
	f.StringVar(&c.Target, "target", "http://127.0.0.1:8080", "`URL` of the server")
	f.StringVar(&c.Format, "format", "", "ndjson, json, csv or xlsx: the `format` of the file when its name does not say it")
	f.StringVar(&c.Round, "round", "", "`name` of the round; for the kind round only")
	f.IntVar(&c.Batch, "batch", 10_000, "`items` of a request, 1 to 100,000; fewer to have more than 1,000 rejected items of a batch told one by one")
	f.IntVar(&c.Connections, "connections", 4, "`requests` on the way at a time, 1 to 64, for roster and results; 1 keeps the order of the file, as the other kinds always do")
	f.StringVar(&c.Zone, "zone", "", "time `zone` of times without an offset, such as Asia/Shanghai; they are rejected without it")
	f.StringVar(&c.Charset, "charset", "utf-8", "`characters` of a CSV file: utf-8, gbk, gb2312 or gb18030, which a Chinese spreadsheet program writes")
	f.StringVar(&c.Compress, "compress", "none", "none or zstd: how bodies are `packed`; zstd when the way to the server is slow")
	f.StringVar(&c.Errors, "errors", "", "`file` for the rejected items, a JSON line each with the row of FILE (default: the first 20 on the terminal)")
	f.DurationVar(&c.RetryFor, "retry-for", 10*time.Minute, "`time` for which a batch is sent again when the server is busy, away or starting; longer than its longest start")
	f.BoolVar(&c.DryRun, "dry-run", false, "have the server say what it would do, and change nothing")
	f.BoolVar(&c.Quiet, "quiet", false, "no progress and no rejected items on the terminal; the last line stays")
	return f
}

// parseLoad reads KIND, FILE and the flags, which may stand in any order. A flag --batch
// is also POOLWISE_LOAD_BATCH.
func parseLoad(args, environ []string, errs io.Writer) (loadConfig, error) {
	var c loadConfig
	var words []string
	f := c.flags(errs)
	for rest := args; ; {
		if err := f.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return c, err
			}
			return c, fmt.Errorf("cannot read the flags: %w", err)
		}
		if f.NArg() == 0 {
			break
		}
		words, rest = append(words, f.Arg(0)), f.Args()[1:]
	}
	given := map[string]bool{}
	f.Visit(func(flag *flag.Flag) { given[flag.Name] = true })
	var ours []string
	for _, entry := range environ {
		if rest, ok := strings.CutPrefix(entry, environPrefix+"LOAD_"); ok {
			ours = append(ours, environPrefix+rest)
		}
	}
	if err := fromEnviron(f, ours, given); err != nil {
		return c, err
	}
	if len(words) != 2 {
		return c, fmt.Errorf("cannot load: got %d arguments; want KIND and FILE (poolwise load -h tells more): %w", len(words), errLoadUse)
	}
	c.Kind, c.File = words[0], words[1]
	return c, c.validate()
}

// validate looks at everything together, and fills format and packing from the file's name.
func (c *loadConfig) validate() error {
	if c.kind() < 0 {
		return fmt.Errorf("cannot load: got kind %q; want roster, areas, sites, labs, round, scans, results or events: %w", c.Kind, errLoadUse)
	}
	if target, err := url.Parse(c.Target); err != nil || target.Scheme != "http" && target.Scheme != "https" || target.Host == "" || target.RawQuery != "" {
		return fmt.Errorf("cannot load: got --target %q; want a URL such as http://127.0.0.1:8080: %w", c.Target, errLoadUse)
	}
	c.Target = strings.TrimRight(c.Target, "/")
	if c.Batch < 1 || c.Batch > loadBatchItemsMax {
		return fmt.Errorf("cannot load: got --batch %d; want 1 to %d: %w", c.Batch, loadBatchItemsMax, errLoadUse)
	}
	if c.Connections < 1 || c.Connections > loadConnectionsMax {
		return fmt.Errorf("cannot load: got --connections %d; want 1 to %d: %w", c.Connections, loadConnectionsMax, errLoadUse)
	}
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "Local" {
		return fmt.Errorf("cannot load: got --zone %q; want one such as Asia/Shanghai: %w", c.Zone, errLoadUse)
	}
	if !slices.Contains([]string{"none", "zstd"}, c.Compress) {
		return fmt.Errorf("cannot load: got --compress %q; want none or zstd: %w", c.Compress, errLoadUse)
	}
	if c.RetryFor < 0 {
		return fmt.Errorf("cannot load: got --retry-for %v; want 0 or more: %w", c.RetryFor, errLoadUse)
	}
	if err := c.validateFormat(); err != nil {
		return err
	}
	if (c.Kind == "round") != (c.Round != "") {
		return fmt.Errorf("cannot load: got kind %s and --round %q; want --round with the kind round, and only there: %w", c.Kind, c.Round, errLoadUse)
	}
	if c.Kind == "round" && (!ingest.IsName([]byte(c.Round)) || c.Format != "json") {
		return fmt.Errorf("cannot load: got --round %q and format %s; want 1 to 32 of 0-9, A-Z, a-z, dot, underscore and hyphen, and one JSON object: %w", c.Round, c.Format, errLoadUse)
	}
	return nil
}

func (c *loadConfig) validateFormat() error {
	name := strings.ToLower(c.File)
	for ending, packed := range map[string]string{".gz": "gzip", ".zst": "zstd"} {
		if rest, ok := strings.CutSuffix(name, ending); ok {
			name, c.Packed = rest, packed
			break
		}
	}
	if c.Format == "" {
		if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
			c.Format = name[dot+1:]
		}
	}
	if c.Format == "jsonl" {
		c.Format = "ndjson"
	}
	if !slices.Contains([]string{"ndjson", "json", "csv", "xlsx"}, c.Format) {
		return fmt.Errorf("cannot load: got format %q of %s; want --format ndjson, json, csv or xlsx: %w", c.Format, c.File, errLoadUse)
	}
	if !slices.Contains([]string{"utf-8", "gbk", "gb2312", "gb18030"}, c.Charset) || c.Charset != "utf-8" && c.Format != "csv" {
		return fmt.Errorf("cannot load: got --charset %q and format %s; want utf-8, or gbk, gb2312, gb18030 of a CSV file: %w", c.Charset, c.Format, errLoadUse)
	}
	return nil
}

// kind is the place of the kind in loadKinds, -1 when there is none.
func (c *loadConfig) kind() int {
	for i, k := range loadKinds {
		if k.kind == c.Kind {
			return i
		}
	}
	return -1
}

// endpoint is where batches are sent, and how.
func (c *loadConfig) endpoint() (method, url string) {
	k := loadKinds[c.kind()]
	url = c.Target + k.path + c.Round
	if c.DryRun {
		url += "?dry_run=1"
	}
	return k.method, url
}

// contentType of the bodies. Spreadsheets are sent as CSV.
func (c *loadConfig) contentType() string {
	switch {
	case c.Kind == "round" || c.Format == "json":
		return "application/json"
	case c.Format == "ndjson":
		return "application/x-ndjson"
	}
	return "text/csv; charset=" + c.Charset
}
