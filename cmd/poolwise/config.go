package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"poolwise/engine"
	"poolwise/ingest"
	"poolwise/storage"
)

// Config is everything that can be set. The zero value of each field is not its
// default: take defaultConfig and change it.
type Config struct {
	Data          string
	Addr          string
	KeyFile       string
	Zone          string
	SyncDelay     time.Duration
	BenchRoutes   bool
	AdminAddr     string
	SnapshotTests uint64
	SnapshotBytes uint64
	InflightBytes int64
	// HotDays is how many days tubes and tests stay in memory whatever happens; older ones
	// are read back from disk when an event or a reader needs them.
	HotDays int
	// StrictMasterData refuses events of people, sites and laboratories that are not known yet.
	StrictMasterData bool

	// Set by tests and main, never by flags.
	Out    io.Writer         // the line that says the server is ready
	Errors io.Writer         // the operator's log
	FS     storage.FS        // nil: the disk
	ready  func(addr string) // called when requests are answered
	fatal  func(error)       // nil: print a sentence and exit
}

func defaultConfig() Config {
	return Config{
		Data: "./data", Addr: "127.0.0.1:8080", Zone: "Asia/Shanghai",
		HotDays: engine.HotDaysDefault, SnapshotTests: ingest.SnapshotTestsDefault, SnapshotBytes: ingest.SnapshotBytesDefault,
		InflightBytes: ingest.InflightBytesDefault,
		Out:           io.Discard, Errors: io.Discard,
	}
}

const (
	environPrefix = "POOLWISE_"
	configFlag    = "config"
	// inflightBytesMin admits the largest body there may be.
	inflightBytesMin = 64 << 20
)

var errConfig = errors.New("configuration not usable")

// flags declares every flag. A flag --sync-delay is also POOLWISE_SYNC_DELAY and,
// in the file of --config, "sync-delay".
func (c *Config) flags(errs io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet("poolwise serve", flag.ContinueOnError)
	f.SetOutput(errs)
	f.StringVar(&c.Data, "data", c.Data, "`directory` of the store; made when it is not there")
	f.StringVar(&c.Addr, "addr", c.Addr, "`host:port` to listen on; loopback only, as there are no credentials yet")
	f.StringVar(&c.KeyFile, "key-file", c.KeyFile, "`file` of the key that seals the store (default: the data directory's name with .key); keep it elsewhere, and a copy of it")
	f.StringVar(&c.Zone, "zone", c.Zone, "time `zone` of the times in answers")
	f.DurationVar(&c.SyncDelay, "sync-delay", c.SyncDelay, "`time` added to every sync, to measure as on a slower disk; for benchmarks only")
	f.BoolVar(&c.BenchRoutes, "bench-routes", c.BenchRoutes, "answer /bench/empty, the yardstick of benchmarks")
	f.StringVar(&c.AdminAddr, "admin-addr", c.AdminAddr, "loopback `host:port` for pprof and metrics; off when empty")
	f.Uint64Var(&c.SnapshotTests, "snapshot-tests", c.SnapshotTests, "events after which a snapshot is written; fewer make restarts shorter and writing busier")
	f.Uint64Var(&c.SnapshotBytes, "snapshot-bytes", c.SnapshotBytes, "journal `bytes` after which a snapshot is written")
	f.Int64Var(&c.InflightBytes, "inflight-bytes", c.InflightBytes, "`bytes` of bodies taken in and not yet answered; more are refused with 503")
	f.IntVar(&c.HotDays, "hot-days", c.HotDays, "days that tubes and tests stay in memory; older ones are read back when they are needed: fewer when memory is short")
	f.BoolVar(&c.StrictMasterData, "strict-master-data", c.StrictMasterData, "refuse events that name people, sites or laboratories which no master data has named")
	f.String(configFlag, "", "JSON `file` that holds what flags hold; environment and flags go before it")
	return f
}

// parseConfig fills a Config: flags before environment before file before defaults.
func parseConfig(args, environ []string, errs io.Writer) (Config, error) {
	c := defaultConfig()
	f := c.flags(errs)
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, err
		}
		return c, fmt.Errorf("cannot read the flags: %w", err)
	}
	if f.NArg() > 0 {
		return c, fmt.Errorf("cannot read the flags: got argument %q; want flags only: %w", f.Arg(0), errConfig)
	}
	given := map[string]bool{}
	f.Visit(func(flag *flag.Flag) { given[flag.Name] = true })
	if err := fromEnviron(f, environ, given); err != nil {
		return c, err
	}
	if path := f.Lookup(configFlag).Value.String(); path != "" {
		if err := fromFile(f, path, given); err != nil {
			return c, err
		}
	}
	return c, c.validate()
}

func fromEnviron(f *flag.FlagSet, environ []string, given map[string]bool) error {
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		name, ours := strings.CutPrefix(key, environPrefix)
		if !ours {
			continue
		}
		name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
		if f.Lookup(name) == nil || given[name] {
			continue // POOLWISE_ names other programs' variables too
		}
		if err := f.Set(name, value); err != nil {
			return fmt.Errorf("cannot read the environment: got %s=%q: %w", key, value, err)
		}
		given[name] = true
	}
	return nil
}

func fromFile(f *flag.FlagSet, path string, given map[string]bool) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read the configuration: %w", err)
	}
	var values map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&values); err != nil {
		return fmt.Errorf("cannot read the configuration %s: got no JSON object: %w", path, err)
	}
	for name, value := range values {
		if f.Lookup(name) == nil || name == configFlag {
			return fmt.Errorf("cannot read the configuration %s: got %q; want the name of a flag: %w", path, name, errConfig)
		}
		if given[name] {
			continue
		}
		if err := f.Set(name, fmt.Sprint(value)); err != nil {
			return fmt.Errorf("cannot read the configuration %s: got %q for %q: %w", path, fmt.Sprint(value), name, err)
		}
	}
	return nil
}

// validate looks at the configuration as a whole.
func (c *Config) validate() error {
	if c.Data == "" {
		return fmt.Errorf("cannot use the configuration: got no data directory: %w", errConfig)
	}
	if err := loopbackOnly("addr", c.Addr); err != nil {
		return err
	}
	if c.AdminAddr != "" {
		if err := loopbackOnly("admin-addr", c.AdminAddr); err != nil {
			return err
		}
	}
	if _, err := c.location(); err != nil {
		return fmt.Errorf("cannot use the configuration: got zone %q; want one such as Asia/Shanghai: %w", c.Zone, errors.Join(err, errConfig))
	}
	if c.SyncDelay < 0 || c.SyncDelay > time.Second {
		return fmt.Errorf("cannot use the configuration: got sync-delay %v; want 0 to 1s: %w", c.SyncDelay, errConfig)
	}
	if c.HotDays < 1 || c.HotDays > 3650 {
		return fmt.Errorf("cannot use the configuration: got hot-days %d; want 1 to 3650: %w", c.HotDays, errConfig)
	}
	if c.SnapshotTests == 0 || c.SnapshotBytes == 0 {
		return fmt.Errorf("cannot use the configuration: got snapshot-tests %d and snapshot-bytes %d; want more than 0: %w", c.SnapshotTests, c.SnapshotBytes, errConfig)
	}
	if c.InflightBytes < inflightBytesMin {
		return fmt.Errorf("cannot use the configuration: got inflight-bytes %d; want at least %d, or the largest body fits only alone: %w", c.InflightBytes, inflightBytesMin, errConfig)
	}
	return nil
}

// loopbackOnly refuses an address that other machines reach: there are no
// credentials, and whoever reaches the server may do everything.
func loopbackOnly(name, addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("cannot use the configuration: got %s %q; want host:port: %w", name, addr, errors.Join(err, errConfig))
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("cannot use the configuration: got %s %q; want a loopback address such as 127.0.0.1:8080, for without credentials other machines must not reach the server: %w", name, addr, errConfig)
}

// location loads the zone. Asia/Shanghai is a fixed offset since 1991, and fixed ones are written faster.
func (c *Config) location() (*time.Location, error) {
	if c.Zone == "Asia/Shanghai" {
		return time.FixedZone(c.Zone, 8*3600), nil
	}
	return time.LoadLocation(c.Zone)
}
