package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// admin is the operator's own listener: profiles and metrics, on loopback.
type admin struct {
	server *http.Server
	ended  chan error
}

func startAdmin(addr string, metrics http.Handler) (*admin, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen for the operator: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", metrics)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	a := &admin{server: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}, ended: make(chan error, 1)}
	go func() { a.ended <- a.server.Serve(listener) }()
	return a, nil
}

func (a *admin) stop() error {
	err := a.server.Close()
	if ended := <-a.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
