// pin/tftp with its default settings, reading and writing files as its documentation shows.
//
//	pin ADDRESS:PORT DIR
package main

import (
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/pin/tftp"
)

func main() {
	address, dir := os.Args[1], os.Args[2]
	read := func(name string, to io.ReaderFrom) error {
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = to.ReadFrom(file)
		return err
	}
	write := func(name string, from io.WriterTo) error {
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = from.WriteTo(file)
		return err
	}
	log.Fatal(tftp.NewServer(read, write).ListenAndServe(address))
}
