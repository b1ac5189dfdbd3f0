package compiler

import "strings"

// effective says of each assignment whether it still counts when all have been
// read: of a scalar the last one, of a list those after the last empty one
// (systemd.syntax(7)).
func effective(settings []setting) []SettingInfo {
	out := make([]SettingInfo, len(settings))
	last := map[[2]string][]int{} // the assignments that count, by section and key
	for i := range settings {
		set := &settings[i]
		text := set.value.Text()
		out[i] = SettingInfo{Section: set.section, Key: set.key, Value: text, Pos: set.pos}
		if d := table[set.section][set.key]; d != nil {
			out[i].Level = d.level.String()
		}
		if set.section == "Unit" && text == "" && isCondition(set.key) {
			dropConditions(last, strings.HasPrefix(set.key, "Assert"))
			continue
		}
		key := [2]string{set.section, set.key}
		switch {
		case text == "" && ignoredWhenEmpty(set):
		case text == "" && meansEmpty(set):
			last[key] = []int{i}
		case text == "" && !keepsOnEmpty(set):
			last[key] = nil
		case accumulates(set.section, set.key):
			last[key] = append(last[key], i)
		default:
			last[key] = []int{i}
		}
	}
	for _, places := range last {
		for _, i := range places {
			out[i].Effective = true
		}
	}
	return out
}

// isCondition says whether a key of [Unit] is one of the conditions or
// assertions, which together form a list (systemd.unit(5)).
func isCondition(key string) bool {
	return strings.HasPrefix(key, "Condition") || strings.HasPrefix(key, "Assert")
}

// dropConditions takes back all conditions, or all assertions: an empty
// assignment to any of them resets all that came before.
func dropConditions(last map[[2]string][]int, asserts bool) {
	for key := range last {
		if key[0] == "Unit" && isCondition(key[1]) && strings.HasPrefix(key[1], "Assert") == asserts {
			delete(last, key)
		}
	}
}

// keepsOnEmpty says whether an empty value leaves what was said before: the
// dependencies of a unit cannot be reset (systemd.unit(5)).
func keepsOnEmpty(set *setting) bool {
	return set.section == "Unit" && strings.Contains(dependencyKeys, " "+set.key+" ")
}

// meansEmpty says whether an empty value says something itself: no capability at
// all, or a group without controllers (systemd.exec(5), "CapabilityBoundingSet=";
// systemd.resource-control(5), "Delegate=").
func meansEmpty(set *setting) bool {
	return set.key == "CapabilityBoundingSet" || set.key == "Delegate"
}

// ignoredWhenEmpty says whether an empty value is as good as none.
func ignoredWhenEmpty(set *setting) bool {
	d := table[set.section][set.key]
	return d != nil && d.value.keeps
}

// accumulates says whether a directive is a list, to which each assignment
// adds.
func accumulates(section, key string) bool {
	switch {
	case section == "Unit" && isCondition(key), section == "Socket" && strings.HasPrefix(key, "Listen"),
		strings.HasPrefix(key, "Exec") && key != "ExecSearchPath":
		return true
	}
	return strings.Contains(listKeys+dependencyKeys, " "+key+" ")
}

// dependencyKeys are the lists of [Unit] that name other units.
const dependencyKeys = " Requires RequiresOverridable Requisite RequisiteOverridable Wants BindsTo BindTo Upholds " +
	"Conflicts Before After OnSuccess OnFailure PropagatesReloadTo PropagateReloadTo ReloadPropagatedFrom " +
	"PropagateReloadFrom PropagatesStopTo StopPropagatedFrom PartOf JoinsNamespaceOf RequiresMountsFor WantsMountsFor "

// listKeys are the other directives whose manual says that they may be given
// more than once and add up (systemd.unit(5), systemd.service(5),
// systemd.socket(5), systemd.timer(5), systemd.path(5), systemd.exec(5),
// systemd.resource-control(5)).
const listKeys = " Documentation Alias WantedBy RequiredBy UpheldBy Also " +
	"Sockets SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus OpenFile Symlinks " +
	"OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec OnUnitInactiveSec OnCalendar " +
	"PathExists PathExistsGlob PathChanged PathModified DirectoryNotEmpty " +
	"Environment EnvironmentFile PassEnvironment UnsetEnvironment ExecSearchPath SupplementaryGroups " +
	"CapabilityBoundingSet AmbientCapabilities SystemCallFilter SystemCallLog SystemCallArchitectures " +
	"RestrictAddressFamilies RestrictFileSystems RestrictNamespaces RestrictNetworkInterfaces " +
	"ReadWritePaths ReadOnlyPaths InaccessiblePaths ExecPaths NoExecPaths " +
	"ReadWriteDirectories ReadOnlyDirectories InaccessibleDirectories TemporaryFileSystem BindPaths BindReadOnlyPaths " +
	"MountImages ExtensionImages ExtensionDirectories RuntimeDirectory StateDirectory CacheDirectory LogsDirectory " +
	"ConfigurationDirectory LoadCredential LoadCredentialEncrypted ImportCredential SetCredential " +
	"SetCredentialEncrypted LogExtraFields LogFilterPatterns StandardInputText StandardInputData SecureBits CPUAffinity " +
	"DeviceAllow IPAddressAllow IPAddressDeny IPIngressFilterPath IPEgressFilterPath BPFProgram SocketBindAllow " +
	"SocketBindDeny NFTSet IODeviceWeight IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax " +
	"IODeviceLatencyTargetSec BlockIODeviceWeight BlockIOReadBandwidth BlockIOWriteBandwidth DisableControllers "
