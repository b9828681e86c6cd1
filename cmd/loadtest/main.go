// Command loadtest plays days of a city against a Poolwise server and checks every
// person's status with an oracle of its own.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"poolwise/loadtest"
)

// Exit statuses.
const (
	exitOK      = 0
	exitDiffers = 1 // something differs, was refused, or could not be done
	exitUsage   = 2
)

const usage = `loadtest plays days of a city against a Poolwise server and checks every status.

  loadtest day    a city of N people: replay, check, exit 1 on any difference
  loadtest town   a small town's day, told step by step
  loadtest bench  about a minute of figures; starts the server itself

loadtest COMMAND --help lists the flags.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is main without the process.
func run(ctx context.Context, args []string, out, diagnostics io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(diagnostics, usage)
		return exitUsage
	}
	commands := map[string]func(context.Context, *flag.FlagSet, []string, io.Writer, io.Writer) error{"day": day, "town": town, "bench": bench}
	command, ok := commands[args[0]]
	if !ok {
		fmt.Fprint(diagnostics, usage)
		if args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
			return exitOK
		}
		return exitUsage
	}
	flags := flag.NewFlagSet("loadtest "+args[0], flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	err := command(ctx, flags, args[1:], out, diagnostics)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		fmt.Fprintln(diagnostics, err)
		return exitUsage
	}
	fmt.Fprintln(diagnostics, "loadtest:", err)
	return exitDiffers
}

var (
	errUsage   = errors.New("cannot read the flags")
	errDiffers = errors.New("the server's answers differ from the oracle's, or items were rejected")
)

// list is a flag that may be given more than once.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// parse reads flags and wants nothing after them.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%w: got %q after the flags; want nothing", errUsage, flags.Arg(0))
	}
	return nil
}

// address takes host:port out of a target URL; the scheme may be left out.
func address(target string) (string, error) {
	if target == "" {
		return "", nil
	}
	if !strings.Contains(target, "://") {
		target = "http://" + target
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.Path != "" && u.Path != "/" {
		return "", fmt.Errorf("%w: got --target %q; want http://HOST:PORT", errUsage, target)
	}
	if u.Port() == "" {
		return net.JoinHostPort(u.Hostname(), "80"), nil
	}
	return u.Host, nil
}

// terminal is w if it is a terminal, else nil: no progress bar in files.
func terminal(w io.Writer) io.Writer {
	f, ok := w.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return w
}

func day(ctx context.Context, flags *flag.FlagSet, args []string, out, diagnostics io.Writer) error {
	var c loadtest.DayConfig
	var more list
	target := flags.String("target", "", "`URL` of a server that runs on fresh data, as http://127.0.0.1:8080")
	flags.StringVar(&c.ServerPath, "server", "", "`path` of bin/poolwise: start it on fresh data, measure and stop it (instead of --target)")
	flags.Var(&more, "server-flag", "a `flag` for the server that is started; may be given more than once")
	flags.IntVar(&c.Kills, "kills", 0, "kill -9 the started server so many `times` on the way, and start it again")
	flags.IntVar(&c.Plan.People, "people", 100_000, "`number` of people in the city")
	flags.Uint64Var(&c.Plan.Seed, "seed", 1, "seed: the same city for the same `number`")
	flags.Float64Var(&c.Plan.Prevalence, "prevalence", 0.0012, "`share` of people infected, clustered by household")
	flags.BoolVar(&c.Plan.Plain, "plain", false, "only scans, unscans, tube.open, tube.close and final results, and no master data: the day by which speed is compared")
	flags.BoolVar(&c.Plan.Full, "full", false, "with --plain: every scan says name, phone and area too")
	order := flags.String("order", "site", "site (real) or random (worst case): the `order` in which scans arrive")
	role := flags.String("role", "all", "all (a server without credentials) or station: the `role` the server gives us; a station's unscan after a positive report is only a request, and it puts no master data")
	base := flags.String("day", "", "base day of the events as `YYYY-MM-DD`; default: the newest whose every event is past")
	flags.IntVar(&c.Batch, "batch", 1000, "`items` of a request, 1 to 100000")
	flags.IntVar(&c.Connections, "connections", 16, "`connections`, each with one request on the way")
	flags.DurationVar(&c.Patience, "patience", time.Minute, "how long a batch is sent again before giving up")
	asJSON := flags.Bool("json", false, "the last line is the summary as one JSON object")
	if err := parse(flags, args); err != nil {
		return err
	}
	var err error
	if c.Addr, err = address(*target); err != nil {
		return err
	}
	if c.Order, err = loadtest.ParseOrder(*order); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if *role != "all" && *role != "station" {
		return fmt.Errorf("%w: got --role %q; want all or station", errUsage, *role)
	}
	c.Plan.StationOnly = *role == "station"
	if *base != "" {
		if c.Plan.Day, err = loadtest.ParseDay(*base); err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
	}
	c.ServerFlags, c.Terminal = more, terminal(diagnostics)
	report, err := loadtest.RunDay(ctx, c)
	if report != nil {
		report.Print(out)
		if *asJSON {
			if err := json.NewEncoder(out).Encode(report); err != nil {
				return fmt.Errorf("cannot write the summary: %w", err)
			}
		}
	}
	if err == nil && !report.OK() {
		err = errDiffers
	}
	return err
}

func town(ctx context.Context, flags *flag.FlagSet, args []string, out, _ io.Writer) error {
	target := flags.String("target", "http://127.0.0.1:8080", "`URL` of a server that runs on fresh data")
	if err := parse(flags, args); err != nil {
		return err
	}
	addr, err := address(*target)
	if err != nil {
		return err
	}
	differences, err := loadtest.RunTown(ctx, addr, out)
	if err == nil && differences > 0 {
		err = errDiffers
	}
	return err
}

func bench(ctx context.Context, flags *flag.FlagSet, args []string, out, diagnostics io.Writer) error {
	var c loadtest.BenchConfig
	var more list
	flags.StringVar(&c.ServerPath, "server", "bin/poolwise", "`path` of the server program")
	flags.Var(&more, "server-flag", "a `flag` for the server; may be given more than once")
	flags.IntVar(&c.People, "people", 1_000_000, "`number` of people in the city")
	flags.Uint64Var(&c.Seed, "seed", 1, "seed of the city, a `number`")
	asJSON := flags.Bool("json", false, "the last line is all figures as one JSON object")
	if err := parse(flags, args); err != nil {
		return err
	}
	c.ServerFlags, c.Out, c.Terminal = more, out, terminal(diagnostics)
	report, err := loadtest.RunBench(ctx, c)
	if report != nil && *asJSON {
		if err := json.NewEncoder(out).Encode(report); err != nil {
			return fmt.Errorf("cannot write the figures: %w", err)
		}
	}
	if err == nil && report.Differences > 0 {
		err = errDiffers
	}
	return err
}
