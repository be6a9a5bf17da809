package search_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/train/search"
	"github.com/google/go-cmp/cmp"
)

// killedFile tells the test binary to be a process that is killed: the name of the search
// and its file.
const killedFile = "ENGRAM_SEARCH_FILE"

// killed runs a search whose trials take a while, and writes its tables.
func killed(nameAndPath string) int {
	name, path, _ := strings.Cut(nameAndPath, ":")
	cfg := configs()[name]
	cfg.File, cfg.Workers = path, 2
	r, err := search.Run(context.Background(), cfg, valley)
	var out bytes.Buffer
	if err == nil {
		err = r.WriteTable(&out)
	}
	if err == nil {
		err = r.WriteCSV(&out)
	}
	if err == nil {
		_, err = os.Stdout.Write(out.Bytes())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// testKilled kills processes of a search at random moments until one comes to its end, over
// and over: it has the result of a search that was not killed.
func testKilled(t *testing.T, times int) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, cfg := range configs() {
		t.Run(name, func(t *testing.T) {
			var want bytes.Buffer
			r := run(t, cfg, quick)
			check(t, r.WriteTable(&want))
			check(t, r.WriteCSV(&want))
			for range times {
				path := filepath.Join(t.TempDir(), "trials.jsonl")
				kills, longest := 0, 30*time.Millisecond
				for {
					cmd := exec.Command(os.Args[0])
					cmd.Env = append(os.Environ(), killedFile+"="+name+":"+path)
					var out, problems bytes.Buffer
					cmd.Stdout, cmd.Stderr = &out, &problems
					check(t, cmd.Start())
					timer := time.AfterFunc(time.Duration(random.Int64N(int64(longest))), func() { cmd.Process.Kill() })
					err := cmd.Wait()
					timer.Stop()
					if problems.Len() > 0 {
						t.Fatalf("after %d kills: %s", kills, problems.String())
					}
					if err == nil {
						if diff := cmp.Diff(want.String(), out.String()); diff != "" {
							t.Fatalf("after %d kills: %s", kills, diff)
						}
						break
					}
					kills++
					longest += longest / 5 // a busy machine may need a second to start
				}
				t.Logf("%d kills", kills)
			}
		})
	}
}

func TestKilled(t *testing.T) { testKilled(t, 1) }
