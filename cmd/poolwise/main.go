// Command poolwise runs the server, loads files into a running one, and erases what has had its time.
//
// Everything is wired here and nowhere else: config.go holds the one Config that
// flags, environment and file fill and that is validated as a whole, serve.go starts
// the parts in order and stops them backwards, parts.go fits storage to what ingest
// asks for, pages.go gives the engine its memory. Start reading at run in serve.go.
// `poolwise load` is a client like any other: load.go has its flags, load_run.go what it does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // zones must load where the machine has none
)

func main() { os.Exit(command(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) }

const usage = `poolwise follows every swab from its tube to a status for everyone.

  poolwise serve [flags]            run the server; poolwise serve -h lists the flags
  poolwise load KIND FILE [flags]   send a file (NDJSON, JSON, CSV, XLSX) to a running server
  poolwise erase --round R [flags]  destroy the profiles of a round, for good; the server must not run
  poolwise version                  print version and build
  poolwise help                     print this
`

// command carries out one subcommand and returns the exit status.
func command(args, environ []string, out, errs io.Writer) int {
	name := "help"
	if len(args) > 0 {
		name = args[0]
	}
	switch name {
	case "serve":
		return serve(args[1:], environ, out, errs)
	case "load":
		return load(args[1:], environ, out, errs)
	case "erase":
		return erase(args[1:], environ, out, errs)
	case "version":
		fmt.Fprintln(out, version())
		return 0
	case "help", "-h", "-help", "--help":
		fmt.Fprint(out, usage)
		return 0
	}
	fmt.Fprintf(errs, "poolwise: cannot run %q: want serve, load, erase, version or help\n", name)
	return 2
}

func serve(args, environ []string, out, errs io.Writer) int {
	cfg, err := parseConfig(args, environ, errs)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(errs, "poolwise: %v\n", err)
		return 2
	}
	cfg.Out, cfg.Errors = out, errs
	tuneCollector(environ)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, cfg); err != nil {
		fmt.Fprintf(errs, "poolwise: %v\n", err)
		return 1
	}
	return 0
}

// version names the build as far as the build knows itself.
func version() string {
	revision, modified := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				modified = " (modified)"
			}
		}
	}
	return fmt.Sprintf("poolwise %s%s %s %s/%s", revision, modified, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
