// A registry with a password, for tests of pull secrets: `registry CONFIG.yaml`, the program of distribution/distribution with
// what the test cluster needs of it and no more (files on disk, htpasswd). `registry --htpasswd USER PASSWORD` prints a line of
// the file that names who may pull and push.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"golang.org/x/crypto/bcrypt"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "--htpasswd" {
		hash, err := bcrypt.GenerateFromPassword([]byte(os.Args[3]), bcrypt.MinCost)
		end(err)
		fmt.Printf("%s:%s\n", os.Args[2], hash)
		return
	}
	if len(os.Args) != 2 {
		end(fmt.Errorf("registry CONFIG.yaml, or registry --htpasswd USER PASSWORD"))
	}
	file, err := os.Open(os.Args[1])
	end(err)
	config, err := configuration.Parse(file)
	end(err)
	server := &http.Server{
		Addr:              config.HTTP.Addr,
		Handler:           handlers.NewApp(context.Background(), config),
		ReadHeaderTimeout: 10 * time.Second,
	}
	end(server.ListenAndServe())
}

func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "registry:", err)
		os.Exit(1)
	}
}
