package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"poolwise/api"
	"poolwise/engine"
	"poolwise/ingest"
	"poolwise/storage"
)

// shutdownTimeout is how long a stop waits for connections that neither end nor are
// idle; accepted work is finished all the same, by the pipeline.
const shutdownTimeout = 10 * time.Second

// run is the server from start to stop. It returns when ctx is done and everything
// has been finished, or when something cannot be started. A start is given up as soon
// as ctx is done.
//
//	start                                   stop, backwards
//	1 listener: answers 503 starting        5 listener: no more requests, all answered
//	2 store                                 4 store closed
//	3 engine, from snapshot and journal     3 pipeline: drained, synced, final snapshot
//	4 pipeline                              2 (with the store)
//	5 ready                                 1 (with the listener)
func run(ctx context.Context, cfg Config) error {
	s := &server{cfg: cfg}
	if s.cfg.fatal == nil {
		s.cfg.fatal = s.exit
	}
	err := s.start(ctx)
	switch {
	case err == nil:
		err = s.wait(ctx)
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		s.logf("stopped before it was ready; nothing was changed")
		err = nil
	}
	return errors.Join(err, s.stop())
}

// server holds what has been started, nil for what has not.
type server struct {
	cfg      Config
	http     *api.Server
	listener net.Listener
	serving  chan error
	admin    *admin
	store    *storage.Store
	pages    *pageAllocator
	engine   *engine.Engine
	pipeline *ingest.Pipeline
	recovery ingest.Recovery
}

func (s *server) start(ctx context.Context) error {
	began := time.Now()
	if err := s.startHTTP(); err != nil {
		return err
	}
	if err := s.openStore(); err != nil {
		return err
	}
	if err := s.startPipeline(ctx); err != nil {
		return err
	}
	s.http.Ready(api.Backend{Engine: s.engine, Pipeline: s.pipeline, Feed: s.store.Feed(), Profiles: s.store.Profiles(), Rejects: s.store.Rejects(), Secret: s.store.Secret("newborns")})
	counts := s.engine.Counts()
	fmt.Fprintf(s.cfg.Out, "poolwise is ready on http://%s, data in %s: %d people, %d tubes, position %d, ready after %v (recovery %v, %d events replayed)\n",
		s.listener.Addr(), s.cfg.Data, counts.People, counts.Tubes, s.engine.Applied(),
		time.Since(began).Round(time.Millisecond), s.recovery.Took.Round(time.Millisecond), s.recovery.Items)
	if s.cfg.ready != nil {
		s.cfg.ready(s.listener.Addr().String())
	}
	return nil
}

func (s *server) startHTTP() error {
	location, err := s.cfg.location()
	if err != nil {
		return fmt.Errorf("cannot load the time zone %q: %w", s.cfg.Zone, err)
	}
	if s.listener, err = net.Listen("tcp", s.cfg.Addr); err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	s.http = api.New(api.Config{Zone: location, BenchRoutes: s.cfg.BenchRoutes, StrictMasterData: s.cfg.StrictMasterData, Logf: s.logf})
	s.serving = make(chan error, 1)
	go func() { s.serving <- s.http.Serve(s.listener) }()
	if s.cfg.AdminAddr != "" {
		s.admin, err = startAdmin(s.cfg.AdminAddr, s.http.MetricsHandler())
	}
	return err
}

func (s *server) openStore() (err error) {
	fs := s.cfg.FS
	if fs == nil {
		fs = storage.Disk()
	}
	if s.cfg.SyncDelay > 0 {
		fs = storage.SyncDelay(fs, s.cfg.SyncDelay)
	}
	s.store, err = storage.Open(fs, s.cfg.Data, storage.Options{
		KeyFile: s.cfg.KeyFile, RulesVersion: engine.RulesVersion, Logf: s.logf, Fatal: s.cfg.fatal,
	})
	return err
}

func (s *server) startPipeline(ctx context.Context) (err error) {
	s.pages = new(pageAllocator)
	s.engine = engine.New(engine.Config{PoolCapacity: 10, Window: 48 * 3600, Recollect: 6 * 3600}, s.pages)
	s.engine.KeepCold(engine.ColdConfig{Pages: s.store, HotDays: s.cfg.HotDays})
	pipeline := ingest.NewPipeline(ingest.PipelineConfig{
		Machine: s.engine, Journal: journalPart{s.store}, Feed: s.store.Feed(), Snapshots: snapshotPart{s.store}, Profiles: s.store.Profiles(),
		InflightBytes: s.cfg.InflightBytes, SnapshotTests: s.cfg.SnapshotTests, SnapshotBytes: s.cfg.SnapshotBytes,
		Logf: s.logf, Fatal: s.cfg.fatal,
	})
	if s.recovery, err = pipeline.Recover(ctx); err != nil {
		return err
	}
	pipeline.Start()
	s.pipeline = pipeline
	return nil
}

// wait returns when the server should stop.
func (s *server) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.serving:
		s.serving <- nil
		return err
	}
}

// stop is start backwards.
func (s *server) stop() error {
	var errs []error
	if s.listener != nil && s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		if err := s.http.Shutdown(ctx); err != nil {
			s.logf("some connections did not end in time: %v", err)
		}
		cancel()
		_ = s.listener.Close() // Shutdown has closed it unless Serve had not begun
		errs = append(errs, <-s.serving)
	}
	if s.pipeline != nil {
		errs = append(errs, s.pipeline.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.admin != nil {
		errs = append(errs, s.admin.stop())
	}
	return errors.Join(errs...)
}

func (s *server) logf(format string, args ...any) {
	fmt.Fprintf(s.cfg.Errors, "poolwise: "+format+"\n", args...)
}

// exit ends the process: what is synced stays, and the next start goes on from there.
func (s *server) exit(err error) {
	fatal(s.cfg.Errors, err)
	os.Exit(1)
}

func fatal(errs io.Writer, err error) {
	fmt.Fprintf(errs, "poolwise: FATAL: %v; the process ends so that nothing is confirmed that is not on disk\n", err)
}
