package plan

import "strings"

// The properties of systemctl(1) show, in the order in which systemd 252 tells
// them, a line each: the unit's own type first, then its context, then what all
// units have. "Name=value" is a setting, with what systemd tells of a unit that is
// silent about it; [Unit.Shown] has the lines of a unit that are others. "Name"
// alone is what the init tells at the moment, or what is shown only when it was
// set: a default of the machine's, as of Limit…=.
//
// What no image has (SELinux, images of disks, journal namespaces, …) is left out.

// ShownOf are the properties of a unit with that name, by its type.
func ShownOf(name string) []string {
	switch {
	case strings.HasSuffix(name, ".service"):
		return []string{ShownService, ShownContext, ShownUnit}
	case strings.HasSuffix(name, ".socket"):
		return []string{ShownSocket, ShownContext, ShownUnit}
	}
	return []string{ShownUnit}
}

// ShownService are those of services alone.
const ShownService = "" +
	"Type=simple\nExitType=main\nRestart=no\nPIDFile=\nNotifyAccess=none\nRestartUSec=100ms\nTimeoutStartUSec=1min 30s\n" +
	"TimeoutStopUSec=1min 30s\nTimeoutAbortUSec=1min 30s\nTimeoutStartFailureMode=terminate\nTimeoutStopFailureMode=terminate\n" +
	"RuntimeMaxUSec=infinity\nRuntimeRandomizedExtraUSec=0\nWatchdogUSec=0\nRootDirectoryStartOnly=no\nRemainAfterExit=no\n" +
	"GuessMainPID=yes\nRestartPreventExitStatus=\nRestartForceExitStatus=\nSuccessExitStatus=\nMainPID\nControlPID\nBusName=\n" +
	"FileDescriptorStoreMax=0\nFileDescriptorStorePreserve=restart\nNFileDescriptorStore\nStatusText\nStatusErrno\nStatusBusError\nResult\nCleanResult=success\n" +
	"NRestarts\nOOMPolicy=stop\nExecMainStartTimestamp\nExecMainStartTimestampMonotonic\nExecMainExitTimestamp\n" +
	"ExecMainExitTimestampMonotonic\nExecMainPID\nExecMainCode\nExecMainStatus\nExecCondition\nExecConditionEx\nExecStartPre\n" +
	"ExecStartPreEx\nExecStart\nExecStartEx\nExecStartPost\nExecStartPostEx\nExecReload\nExecReloadEx\nExecStop\nExecStopEx\n" +
	"ExecStopPost\nExecStopPostEx\n"

// ShownSocket are those of sockets alone.
const ShownSocket = "" +
	"BindIPv6Only=default\nBacklog=2147483647\nTimeoutUSec=1min 30s\nBindToDevice=\nSocketUser=\nSocketGroup=\n" +
	"SocketMode=0666\nDirectoryMode=0755\nAccept=no\nFlushPending=no\nWritable=no\nKeepAlive=no\nKeepAliveTimeUSec=0\n" +
	"KeepAliveIntervalUSec=0\nKeepAliveProbes=0\nDeferAcceptUSec=0\nNoDelay=no\nPriority=-1\nReceiveBuffer=0\nSendBuffer=0\n" +
	"IPTOS=-1\nIPTTL=-1\nPipeSize=0\nFreeBind=no\nTransparent=no\nBroadcast=no\nPassCredentials=no\nPassSecurity=no\n" +
	"PassPacketInfo=no\nTimestamping=off\nRemoveOnStop=no\nListen\nSymlinks=\nMark=-1\nMaxConnections=64\n" +
	"MaxConnectionsPerSource=0\nMessageQueueMaxMessages=0\nMessageQueueMessageSize=0\nTCPCongestion=\nReusePort=no\n" +
	"ControlPID\nResult\nFileDescriptorName\nSocketProtocol=0\nTriggerLimitIntervalUSec=2s\nTriggerLimitBurst=20\n"

// ShownContext are those of all that runs programs.
const ShownContext = "" +
	"Slice=system.slice\nControlGroup\nMemoryCurrent\nCPUUsageNSec=[not set]\nTasksCurrent\nIPIngressBytes=[no data]\n" +
	"IPIngressPackets=[no data]\nIPEgressBytes=[no data]\nIPEgressPackets=[no data]\nIOReadBytes=18446744073709551615\n" +
	"IOReadOperations=18446744073709551615\nIOWriteBytes=18446744073709551615\nIOWriteOperations=18446744073709551615\n" +
	"Delegate=no\nDelegateControllers=\nCPUAccounting=no\nCPUWeight=[not set]\nStartupCPUWeight=[not set]\n" +
	"CPUQuotaPerSecUSec=infinity\nCPUQuotaPeriodUSec=infinity\nAllowedCPUs=\nStartupAllowedCPUs=\nAllowedMemoryNodes=\n" +
	"StartupAllowedMemoryNodes=\nIOWeight=[not set]\nStartupIOWeight=[not set]\nMemoryAccounting=no\nMemoryMin=0\nMemoryLow=0\n" +
	"MemoryHigh=infinity\nMemoryMax=infinity\nMemorySwapMax=infinity\nDevicePolicy=auto\nDeviceAllow\nTasksAccounting=no\n" +
	"TasksMax=infinity\nIPAddressAllow=\nIPAddressDeny=\nDisableControllers=\nEnvironment=\nEnvironmentFiles\n" +
	"PassEnvironment=\nUnsetEnvironment=\nUMask=0022\nLimitCPU\nLimitCPUSoft\nLimitFSIZE\nLimitFSIZESoft\nLimitDATA\n" +
	"LimitDATASoft\nLimitSTACK\nLimitSTACKSoft\nLimitCORE\nLimitCORESoft\nLimitRSS\nLimitRSSSoft\nLimitNOFILE\n" +
	"LimitNOFILESoft\nLimitAS\nLimitASSoft\nLimitNPROC\nLimitNPROCSoft\nLimitMEMLOCK\nLimitMEMLOCKSoft\nLimitLOCKS\n" +
	"LimitLOCKSSoft\nLimitSIGPENDING\nLimitSIGPENDINGSoft\nLimitMSGQUEUE\nLimitMSGQUEUESoft\nLimitNICE\nLimitNICESoft\n" +
	"LimitRTPRIO\nLimitRTPRIOSoft\nLimitRTTIME\nLimitRTTIMESoft\nWorkingDirectory=\nRootDirectory=\nRootImage=\n" +
	"OOMScoreAdjust=0\nNice=0\nIOSchedulingClass=2\nIOSchedulingPriority=4\nCPUSchedulingPolicy=0\nCPUSchedulingPriority=0\n" +
	"CPUAffinity=\nTimerSlackNSec=50000\nCPUSchedulingResetOnFork=no\nNonBlocking=no\nStandardInput=null\n" +
	"StandardInputFileDescriptorName\nStandardOutput=journal\nStandardOutputFileDescriptorName\nStandardError=inherit\n" +
	"StandardErrorFileDescriptorName\nTTYPath=\nTTYReset=no\nTTYVHangup=no\nTTYVTDisallocate=no\nSyslogPriority=30\n" +
	"SyslogIdentifier=\nSyslogLevelPrefix=yes\nSyslogLevel=6\nSyslogFacility=3\nLogLevelMax=-1\nLogRateLimitIntervalUSec=0\n" +
	"LogRateLimitBurst=0\nLogExtraFields=\nSecureBits=0\nCapabilityBoundingSet\nAmbientCapabilities=\nUser=\nGroup=\n" +
	"DynamicUser=no\nRemoveIPC=no\nSupplementaryGroups=\nPAMName=\nReadWritePaths=\nReadOnlyPaths=\nInaccessiblePaths=\n" +
	"ExecPaths=\nNoExecPaths=\nExecSearchPath=\nPrivateTmp=no\nPrivateDevices=no\nProtectClock=no\nProtectKernelTunables=no\n" +
	"ProtectKernelModules=no\nProtectKernelLogs=no\nProtectControlGroups=no\nPrivateNetwork=no\nPrivateUsers=no\n" +
	"PrivateMounts=no\nPrivateIPC=no\nProtectHome=no\nProtectSystem=no\nSameProcessGroup=no\nUtmpIdentifier=\n" +
	"IgnoreSIGPIPE=yes\nNoNewPrivileges=no\nSystemCallFilter=~\nSystemCallArchitectures=\nPersonality=\nLockPersonality=no\n" +
	"RestrictAddressFamilies=~\nRuntimeDirectorySymlink\nRuntimeDirectoryPreserve=no\nRuntimeDirectoryMode=0755\n" +
	"RuntimeDirectory=\nStateDirectorySymlink\nStateDirectoryMode=0755\nStateDirectory=\nCacheDirectorySymlink\nCacheDirectoryMode=0755\n" +
	"CacheDirectory=\nLogsDirectorySymlink\nLogsDirectoryMode=0755\nLogsDirectory=\n" +
	"ConfigurationDirectoryMode=0755\nConfigurationDirectory=\nMemoryDenyWriteExecute=no\nRestrictRealtime=no\n" +
	"RestrictSUIDSGID=no\nRestrictNamespaces=no\nBindPaths=\nBindReadOnlyPaths=\nTemporaryFileSystem=\nKeyringMode\n" +
	"ProtectProc=default\nProcSubset=all\nProtectHostname=no\nKillMode=control-group\nKillSignal=15\nRestartKillSignal=15\n" +
	"FinalKillSignal=9\nSendSIGKILL=yes\nSendSIGHUP=no\nWatchdogSignal=6\n"

// ShownUnit are those of every unit.
const ShownUnit = "" +
	"Id\nNames\nRequires\nRequisite\nWants\nBindsTo\nPartOf\nUpholds\nRequiredBy\nRequisiteOf\nWantedBy\nBoundBy\nUpheldBy\n" +
	"ConsistsOf\nConflicts\nConflictedBy\nBefore\nAfter\nOnSuccess\nOnSuccessOf\nOnFailure\nOnFailureOf\nTriggers\n" +
	"TriggeredBy\nPropagatesReloadTo\nReloadPropagatedFrom\nPropagatesStopTo\nStopPropagatedFrom\nJoinsNamespaceOf\nSliceOf=\n" +
	"RequiresMountsFor=\nDocumentation=\nDescription\nLoadState\nActiveState\nFreezerState=running\nSubState\nFragmentPath\n" +
	"SourcePath=\nDropInPaths=\nUnitFileState\nUnitFilePreset=enabled\nStateChangeTimestamp\nStateChangeTimestampMonotonic\n" +
	"InactiveExitTimestamp\nInactiveExitTimestampMonotonic\nActiveEnterTimestamp\nActiveEnterTimestampMonotonic\n" +
	"ActiveExitTimestamp\nActiveExitTimestampMonotonic\nInactiveEnterTimestamp\nInactiveEnterTimestampMonotonic\nCanStart=yes\n" +
	"CanStop=yes\nCanReload\nCanIsolate=no\nCanClean=\nCanFreeze=no\nJob\nStopWhenUnneeded=no\nRefuseManualStart=no\n" +
	"RefuseManualStop=no\nAllowIsolate=no\nDefaultDependencies=yes\nOnSuccessJobMode=fail\nOnFailureJobMode=replace\n" +
	"IgnoreOnIsolate=no\nNeedDaemonReload=no\nJobTimeoutUSec=infinity\nJobRunningTimeoutUSec=infinity\nJobTimeoutAction=none\n" +
	"JobTimeoutRebootArgument=\nConditionResult=no\nAssertResult=no\nConditionTimestamp\n" +
	"ConditionTimestampMonotonic\nAssertTimestamp\nAssertTimestampMonotonic\nLoadError=\nTransient=no\nPerpetual=no\nStartLimitIntervalUSec=10s\nStartLimitBurst=5\n" +
	"StartLimitAction=none\nFailureAction=none\nFailureActionExitStatus=[not set]\nSuccessAction=none\n" +
	"SuccessActionExitStatus=[not set]\nRebootArgument=\nInvocationID\nCollectMode=inactive\n"
