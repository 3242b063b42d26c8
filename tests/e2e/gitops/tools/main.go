// What tools that know nothing of rings make of a RingRun: its kstatus, and what Argo CD's health script says.
// Reads JSON objects from stdin, one a line; prints for each a line of JSON with the two.
//   gitops HEALTH.lua < objects
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type answer struct {
	Kstatus string `json:"kstatus"`
	Message string `json:"message"`
	Argo    string `json:"argo"`
	Said    string `json:"said"`
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
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		object := map[string]any{}
		fail(json.Unmarshal(lines.Bytes(), &object))
		found, err := status.Compute(&unstructured.Unstructured{Object: numbers(object).(map[string]any)})
		fail(err)
		health, said := argo(string(script), object)
		told, err := json.Marshal(answer{string(found.Status), found.Message, health, said})
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

// As Argo CD runs it: the object is the global obj, and a table with status and message is returned.
func argo(script string, object map[string]any) (string, string) {
	state := lua.NewState()
	defer state.Close()
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
