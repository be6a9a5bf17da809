package checkpoint_test

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/checkpoint"
	"github.com/google/go-cmp/cmp"
)

// A run over a stream that is shuffled and read ahead, and is interrupted at any events,
// ends with the bits of one that never was.
func TestInterruptedStream(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 1))
	for _, perEpoch := range []int{0, 3, 8} {
		start := func(run func(*train.Trainer, samples.Stream, train.FitConfig) (*train.History, error)) (outcome, error) {
			r, err := trainings["plain"]()
			check(t, err)
			single := samples.StreamFunc(func(context.Context, int) iter.Seq2[*samples.Batch, error] {
				return func(yield func(*samples.Batch, error) bool) {
					var b samples.Batch
					for row := range r.data.Len() {
						if !yield(&b, r.data.Gather([]int{row}, &b)) {
							return
						}
					}
				}
			})
			s := samples.Prefetch{Stream: samples.Rebatch{Stream: single, BatchSize: 7, Shuffle: 10, Seed: 4}}
			r.cfg.ValidationSplit, r.cfg.ValidationStream, r.cfg.BatchSize, r.cfg.StepsPerEpoch = 0, single, 0, perEpoch
			h, err := run(r.trainer, s, r.cfg)
			if err != nil {
				return outcome{}, err
			}
			out, err := r.outcome(h)
			check(t, err)
			return out, nil
		}
		want, err := start(func(tr *train.Trainer, s samples.Stream, cfg train.FitConfig) (*train.History, error) {
			return tr.FitStream(t.Context(), s, cfg)
		})
		check(t, err)
		path := t.TempDir()
		var got outcome
		stops := 0
		for got.Weights == "" {
			d := open(t, path, checkpoint.Config{EveryBatches: 3, EveryEpochs: 1})
			ctx, cancel := context.WithCancel(t.Context())
			got, err = start(func(tr *train.Trainer, s samples.Stream, cfg train.FitConfig) (*train.History, error) {
				cfg.Callbacks = append(cfg.Callbacks, &after{20 + random.IntN(150), cancel})
				return d.FitStream(ctx, tr, s, cfg)
			})
			cancel()
			check(t, d.Close())
			if _, ok := errors.AsType[*checkpoint.Interrupted](err); ok {
				stops++
				continue
			}
			check(t, err)
		}
		if diff := cmp.Diff(want, got); diff != "" || stops == 0 {
			t.Fatalf("%d batches an epoch, stopped %d times (-want +got):\n%s", perEpoch, stops, diff)
		}
	}
}
