// What tools that know nothing of rings make of a RingRun: its kstatus, what Argo CD's health script says, and what
// Flux's health expressions say. Reads JSON objects from stdin, one a line; prints for each a line of JSON with the three.
//
//	gitops HEALTH.lua EXPRESSIONS.json < objects
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type answer struct {
	Kstatus string `json:"kstatus"`
	Message string `json:"message"`
	Argo    string `json:"argo"`
	Said    string `json:"said"`
	Flux    string `json:"flux"`
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	script, err := os.ReadFile(os.Args[1])
	fail(err)
	text, err := os.ReadFile(os.Args[2])
	fail(err)
	expressions := map[string]string{}
	fail(json.Unmarshal(text, &expressions))
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		object := map[string]any{}
		fail(json.Unmarshal(lines.Bytes(), &object))
		found, err := status.Compute(&unstructured.Unstructured{Object: numbers(object).(map[string]any)})
		fail(err)
		health, said := argo(string(script), object)
		told, err := json.Marshal(answer{string(found.Status), found.Message, health, said, flux(expressions, object)})
		fail(err)
		fmt.Println(string(told))
	}
	fail(lines.Err())
}

// As the API machinery has them: whole numbers are int64.
func numbers(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, each := range value {
			value[key] = numbers(each)
		}
	case []any:
		for at, each := range value {
			value[at] = numbers(each)
		}
	case float64:
		if value == float64(int64(value)) {
			return int64(value)
		}
	}
	return value
}

// As Argo CD runs it: with few of Lua's libraries, the object is the global obj, and a table with status and message is
// returned.
func argo(script string, object map[string]any) (string, string) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, library := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
		lua.StringLibName: lua.OpenString,
	} {
		fail(state.CallByParam(lua.P{Fn: state.NewFunction(library), Protect: true}, lua.LString(name)))
	}
	state.SetGlobal("obj", table(state, object))
	fail(state.DoString(script))
	health, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		fail(fmt.Errorf("the script returned no table"))
	}
	return health.RawGetString("status").String(), health.RawGetString("message").String()
}

func table(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case map[string]any:
		made := state.NewTable()
		for key, each := range value {
			made.RawSetString(key, table(state, each))
		}
		return made
	case []any:
		made := state.NewTable()
		for _, each := range value {
			made.Append(table(state, each))
		}
		return made
	case string:
		return lua.LString(value)
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	}
	return lua.LNil
}

// As Flux runs them (pkg/runtime/cel): unchecked, on the whole object, in this order; a status of an older generation is
// progress whatever they say, and so is an object of which none is true.
func flux(expressions map[string]string, object map[string]any) string {
	metadata, _ := object["metadata"].(map[string]any)
	seen, _ := object["status"].(map[string]any)
	if observed, ok := seen["observedGeneration"].(int64); ok && observed != metadata["generation"] {
		return "InProgress"
	}
	environment, err := cel.NewEnv(
		cel.HomogeneousAggregateLiterals(), cel.EagerlyValidateDeclarations(true), cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(), ext.Strings(), ext.Sets(), ext.Encoders(),
	)
	fail(err)
	for _, each := range []struct{ key, verdict string }{
		{"inProgress", "InProgress"}, {"failed", "Failed"}, {"current", "Current"},
	} {
		parsed, issues := environment.Parse(expressions[each.key])
		fail(issues.Err())
		program, err := environment.Program(parsed, cel.EvalOptions(cel.OptOptimize))
		fail(err)
		value, _, err := program.Eval(object)
		fail(err)
		if value.Value() == true {
			return each.verdict
		}
	}
	return "InProgress"
}
