package main

import (
	"syscall"
	"unsafe"
)

// newChunk maps zeroed memory that begins at a huge page, or takes it from the heap
// when the system refuses.
func newChunk(bytes int) []byte {
	mapped, err := syscall.Mmap(-1, 0, bytes+hugePageBytes, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return make([]byte, bytes)
	}
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(mapped))) % hugePageBytes)
	chunk := mapped[skip : skip+bytes]
	_ = syscall.Madvise(chunk, syscall.MADV_HUGEPAGE) // where it is refused, ordinary pages do
	return chunk
}
