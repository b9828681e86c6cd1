//go:build !linux

package main

func newChunk(bytes int) []byte { return make([]byte, bytes) }
