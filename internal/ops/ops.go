// Package ops holds what each operation of a graph computes, forward and
// backward: pure functions over slices and shapes. It knows neither Gorgonia
// nor scopes.
//
// A type such as Unary or Product describes an operation, with the sizes that
// were planned when the graph was built. For makes its kernel for one type of
// element, so the code of an operation is written once, for any Float. A new
// operation is a type and its kernel in the file of its family, a case in For, and
// a formula in package graph.
//
// An operation whose backward pass reads what the forward pass left in the kernel, such
// as the mean of every row, is a pointer: both passes find the kernel through it.
package ops

import (
	"fmt"
	"reflect"
)

// KeepsState reports whether the backward pass of an operation may read what the last
// forward run left in its kernel, besides its operands and result.
func KeepsState(op Op) bool { return reflect.ValueOf(op).Kind() == reflect.Pointer }

// For makes the kernel of an operation.
func For[T Float](op Op) (Kernel[T], error) {
	switch op := op.(type) {
	// elementwise.go
	case Unary:
		return unary[T](op), nil
	case UnaryGradient:
		return unaryGradient[T](op), nil
	case Map:
		return mapped[T](op), nil
	case MapGradient:
		return mapGradient[T](op), nil
	case Sum:
		return sum[T](), nil
	case Where:
		return where[T](), nil
	case Require:
		return require[T](op), nil
	case Copy:
		return Func[T](copyFirst[T]), nil
	// binary.go
	case Binary:
		return binary[T](op), nil
	// layout.go
	case Repeat:
		return repeated[T](op), nil
	case Strided:
		return strided[T](op), nil
	case Cut:
		return cut[T](op), nil
	case Pad:
		return pad[T](op), nil
	case Concat:
		return concat[T](op), nil
	case Remember:
		return remember[T](op), nil
	// reduce.go
	case Reduce:
		return reduceOf[T](op), nil
	case Max:
		return maxOf[T](op), nil
	case MaxGradient:
		return maxGradient[T](op), nil
	case Lines:
		return lines[T](op), nil
	case LinesGradient:
		return linesGradient[T](op), nil
	// normalize.go
	case *Normalize:
		return normalizeOf[T](op), nil
	case NormalizeGradient:
		return normalizeGradient[T](op), nil
	case ScaleAround:
		return scaleAround[T](op), nil
	// batchnorm.go
	case *BatchNorm:
		return batchNormOf[T](op), nil
	case BatchMoments:
		return batchMoments[T](op), nil
	case BatchNormGradient:
		return batchNormGradient[T](op), nil
	// softmax.go
	case Softmax:
		return softmax[T](op), nil
	case SoftmaxGradient:
		return softmaxGradient[T](op), nil
	// crossentropy.go
	case *CrossEntropy:
		return crossEntropyOf[T](op), nil
	case CrossEntropyGradient:
		return Func[T](crossEntropyOf[T](op.CrossEntropy).backward), nil
	// ctc.go
	case CTC:
		return ctc[T](op), nil
	case CTCGradient:
		return ctcGradient[T](op), nil
	// gather.go
	case Gather:
		return gather[T](op), nil
	case GatherGradient:
		return newGatherGradient[T](op), nil
	case Pick:
		return pick[T](op), nil
	case PickGradient:
		return pickGradient[T](op), nil
	// windows.go
	case Windows:
		return windows[T](op), nil
	case WindowsGradient:
		return windowsGradient[T](op), nil
	case MaxPool:
		return maxPool[T](op), nil
	case MaxPoolGradient:
		return maxPoolGradient[T](op), nil
	case MeanPool:
		return meanPool[T](op), nil
	case MeanPoolGradient:
		return meanPoolGradient[T](op), nil
	// conv.go, conv_gradient.go
	case *Convolution:
		return convolutionOf[T](op), nil
	case ConvolutionGradient:
		return convolutionGradient[T](op), nil
	// einsum.go
	case Product:
		return product[T](op), nil
	// linear.go
	case *Linear:
		return linearOf[T](op), nil
	case *LinearGradient:
		return linearGradientOf[T](op), nil
	case LinearWeights:
		return linearWeightsOf[T](op), nil
	// attention.go
	case *Attention:
		return attentionOf[T](op), nil
	case AttentionGradient:
		return Func[T](attentionOf[T](op.Attention).gradient), nil
	// recurrent.go
	case *Recurrent:
		return recurrentOf[T](op), nil
	case RecurrentGradient:
		return recurrentGradient[T](op), nil
	}
	return nil, fmt.Errorf("no kernel for operation %T", op)
}
