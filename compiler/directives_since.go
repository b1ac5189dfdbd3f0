package compiler

import "strings"

// sinceVersions says in which version of systemd a directive came, as the
// manuals date it. Those that are not here are older than what is dated, or
// were never documented. Where the sections differ, a name is written as
// "Section.Name".
var sinceVersions = [...]struct {
	version    uint16
	directives string
}{
	{187, "KillMode KillSignal NoNewPrivileges SendSIGKILL SystemCallFilter"},
	{188, "TimeoutStartSec Service.TimeoutStopSec"},
	{189, "RestartPreventExitStatus SuccessExitStatus"},
	{196, "SmackLabel SmackLabelIPIn SmackLabelIPOut"},
	{197, "OnCalendar"},
	{201, `
		After Alias AllowIsolate Also Before BindsTo ConditionArchitecture Conflicts DefaultDependencies Description
		Documentation IgnoreOnIsolate JobRunningTimeoutSec JobTimeoutSec OnFailure PartOf PropagatesReloadTo RefuseManualStart
		RefuseManualStop ReloadPropagatedFrom RequiredBy Requires RequiresMountsFor Requisite SourcePath StopWhenUnneeded
		WantedBy Wants`},
	{206, "ReusePort"},
	{207, "SendSIGHUP"},
	{208, "CPUAccounting DeviceAllow DevicePolicy MemoryAccounting Slice"},
	{209, `
		AccuracySec JoinsNamespaceOf OnFailureJobMode OnSuccessJobMode Personality PrivateDevices SELinuxContext
		SystemCallArchitectures SystemCallErrorNumber`},
	{210, "AppArmorProfile"},
	{211, "CacheDirectory ConfigurationDirectory LogsDirectory RestrictAddressFamilies RuntimeDirectory StateDirectory"},
	{212, "Persistent WakeSystem"},
	{213, "CPUQuota"},
	{214, "ProtectHome ProtectSystem RemoveOnStop SocketGroup SocketUser Symlinks"},
	{215, "DefaultInstance RestartForceExitStatus SloppyOptions"},
	{216, "DeferAcceptSec KeepAliveIntervalSec KeepAliveProbes KeepAliveTimeSec NoDelay"},
	{217, "Swap.Options SELinuxContextFromNet"},
	{218, "Delegate SmackProcessLabel"},
	{219, "FileDescriptorStoreMax"},
	{220, "TimeoutIdleSec"},
	{225, "UtmpMode"},
	{227, "FileDescriptorName ListenUSBFunction TasksAccounting TasksMax USBFunctionDescriptors USBFunctionStrings Writable"},
	{228, "PassEnvironment"},
	{229, `
		AmbientCapabilities RandomizedDelaySec Unit.RebootArgument RemainAfterElapse Service.RuntimeMaxSec SocketProtocol
		Unit.StartLimitAction Unit.StartLimitBurst StartLimitIntervalSec`},
	{230, `
		IOAccounting IODeviceWeight IOReadBandwidthMax IOReadIOPSMax IOWeight IOWriteBandwidthMax IOWriteIOPSMax
		StartupIOWeight Socket.TriggerLimitBurst Socket.TriggerLimitIntervalSec`},
	{231, `
		InaccessiblePaths MemoryDenyWriteExecute MemoryHigh MemoryMax ReadOnlyPaths ReadWritePaths RestrictRealtime
		StartupMemoryHigh StartupMemoryMax`},
	{232, `
		CPUWeight DynamicUser ForceUnmount LazyUnmount MaxConnectionsPerSource MemorySwapMax PrivateUsers ProtectControlGroups
		ProtectKernelModules ProtectKernelTunables RemoveIPC StartupCPUWeight StartupMemorySwapMax`},
	{233, "BindPaths BindReadOnlyPaths MountAPIVFS RestrictNamespaces RootImage"},
	{234, "CacheDirectoryMode ConfigurationDirectoryMode LogsDirectoryMode RuntimeDirectoryMode StateDirectoryMode"},
	{235, "IPAccounting IPAddressAllow IPAddressDeny KeyringMode LockPersonality RuntimeDirectoryPreserve UnsetEnvironment"},
	{236, "CollectMode Unit.FailureAction LogExtraFields LogLevelMax StandardInputData StandardInputText SuccessAction"},
	{238, "TemporaryFileSystem"},
	{239, "PrivateMounts"},
	{240, `
		DefaultMemoryLow DefaultStartupMemoryLow DisableControllers FailureActionExitStatus FinalKillSignal
		IODeviceLatencyTargetSec JobTimeoutAction JobTimeoutRebootArgument LogRateLimitBurst LogRateLimitIntervalSec MemoryLow
		MemoryMin StartupMemoryLow SuccessActionExitStatus WatchdogSignal`},
	{242, `
		CPUQuotaPeriodSec DefaultMemoryMin NetworkNamespacePath OnClockChange OnTimezoneChange ProtectHostname
		RestrictSUIDSGID`},
	{243, "ExecCondition IPEgressFilterPath IPIngressFilterPath NUMAMask NUMAPolicy Service.OOMPolicy TimeoutAbortSec"},
	{244, `
		AllowedCPUs AllowedMemoryNodes ConditionACPower ConditionCPUs ConditionCapability ConditionControlGroupController
		ConditionDirectoryNotEmpty ConditionFileIsExecutable ConditionFileNotEmpty ConditionFirstBoot ConditionGroup
		ConditionHost ConditionKernelCommandLine ConditionKernelVersion ConditionMemory ConditionNeedsUpdate
		ConditionPathExists ConditionPathExistsGlob ConditionPathIsDirectory ConditionPathIsMountPoint
		ConditionPathIsReadWrite ConditionPathIsSymbolicLink ConditionSecurity ConditionUser ConditionVirtualization
		ProtectKernelLogs RestartKillSignal Scope.RuntimeMaxSec StartupAllowedCPUs StartupAllowedMemoryNodes TimeoutCleanSec`},
	{245, "LogNamespace ProtectClock"},
	{246, `
		ConditionEnvironment ConditionPathIsEncrypted CoredumpFilter PassPacketInfo ReadWriteOnly RootHash RootHashSignature
		RootVerity TimeoutStartFailureMode TimeoutStopFailureMode`},
	{247, `
		ExecPaths FixedRandomDelay FlushPending LoadCredential LoadCredentialEncrypted ManagedOOMMemoryPressure
		ManagedOOMMemoryPressureLimit ManagedOOMSwap MountImages NoExecPaths ProcSubset ProtectProc RootImageOptions
		SetCredential SetCredentialEncrypted SystemCallLog Timestamping`},
	{248, "ConditionCPUFeature ExtensionImages IPCNamespacePath ManagedOOMPreference PrivateIPC"},
	{249, `
		BPFProgram ConditionFirmware ConditionOSRelease OnSuccess PropagatesStopTo SocketBindAllow SocketBindDeny
		StopPropagatedFrom Upholds`},
	{250, `
		ConditionCPUPressure ConditionIOPressure ConditionMemoryPressure ExecSearchPath ExitType ExtraOptions
		RestrictFileSystems RestrictNetworkInterfaces RuntimeRandomizedExtraSec TTYColumns TTYRows Path.TriggerLimitBurst
		Path.TriggerLimitIntervalSec`},
	{251, "ExtensionDirectories"},
	{252, "ConditionCredential"},
	{253, "LogFilterPatterns MemoryZSwapMax Scope.OOMPolicy OpenFile ReloadSignal StartupMemoryZSwapMax"},
	{254, `
		DelegateSubgroup ExtensionImagePolicy FileDescriptorStorePreserve ImportCredential MemoryKSM
		MemoryPressureThresholdSec MemoryPressureWatch MountImagePolicy RestartMaxDelaySec RestartMode RestartSteps
		RootEphemeral RootImagePolicy UpheldBy`},
	{255, "CoredumpReceive NFTSet PollLimitBurst PollLimitIntervalSec SetLoginEnvironment SurviveFinalKillSignal"},
	{256, "MemoryZSwapWriteback PassFileDescriptorsToExec WantsMountsFor"},
	{257, "BindLogSockets DeferReactivation ManagedOOMMemoryPressureDurationSec PrivatePIDs"},
	{258, `
		AcceptFileDescriptors BPFDelegateAttachments BPFDelegateCommands BPFDelegateMaps BPFDelegatePrograms
		CacheDirectoryAccounting CacheDirectoryQuota ConditionKernelModuleLoaded ConditionPathIsSocket ConditionVersion
		DeferTrigger DeferTriggerMaxSec DelegateNamespaces LogsDirectoryAccounting LogsDirectoryQuota PassPIDFD PrivateBPF
		RandomizedOffsetSec StateDirectoryAccounting StateDirectoryQuota`},
	{259, "ExecReloadPost UserNamespacePath"},
	{260, "MemoryTHP RootMStack"},
}

// sinceNames is sinceVersions by directive, or by section and directive.
var sinceNames = func() map[string]uint16 {
	m := map[string]uint16{}
	for _, s := range sinceVersions {
		for _, name := range strings.Fields(s.directives) {
			if m[name] != 0 {
				panic("BUG: two versions for " + name)
			}
			m[name] = s.version
		}
	}
	return m
}()

// sinceWhen is the version in which a directive came, or 0. An assertion came
// with its condition.
func sinceWhen(section, name string) uint16 {
	if rest, ok := strings.CutPrefix(name, "Assert"); ok {
		name = "Condition" + rest
	}
	if v := sinceNames[section+"."+name]; v != 0 {
		return v
	}
	return sinceNames[name]
}
