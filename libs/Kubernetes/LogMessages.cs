using Microsoft.Extensions.Logging;

namespace Kilonova.Kubernetes;

/// <summary>Every log line of this library.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Warning, "the API server warns about {Resource}: {Warning}")]
    public static partial void ServerWarning(ILogger logger, string resource, string warning);

    [LoggerMessage(2, LogLevel.Debug, "{Request} is sent again in {Milliseconds:0} ms: {Cause}")]
    public static partial void Retrying(ILogger logger, string request, string cause, double milliseconds);

    [LoggerMessage(10, LogLevel.Information, "informer of {Resource} ({Scope}): listed {Count} objects at {ResourceVersion}")]
    public static partial void Listed(ILogger logger, string resource, string scope, int count, string resourceVersion);

    [LoggerMessage(11, LogLevel.Information, "informer of {Resource} ({Scope}): {ResourceVersion} is too old to watch from, listing anew")]
    public static partial void Expired(ILogger logger, string resource, string scope, string resourceVersion);

    [LoggerMessage(12, LogLevel.Warning, "informer of {Resource} ({Scope}): {Cause}; trying again in {Milliseconds:0} ms")]
    public static partial void InformerFailed(ILogger logger, string resource, string scope, string cause, double milliseconds);

    [LoggerMessage(13, LogLevel.Error, "informer of {Resource}: {Key} cannot be read by this version and keeps its last known state: {Cause}")]
    public static partial void Undecodable(ILogger logger, string resource, string key, string cause);

    [LoggerMessage(14, LogLevel.Error, "informer of {Resource}: a handler failed on {Key} ({Failures} in a row); it is told again")]
    public static partial void HandlerFailed(ILogger logger, Exception exception, string resource, string key, int failures);

    [LoggerMessage(15, LogLevel.Debug, "informer of {Resource} ({Scope}): watch ended ({Cause}), resuming from {ResourceVersion}")]
    public static partial void WatchEnded(ILogger logger, string resource, string scope, string cause, string resourceVersion);

    [LoggerMessage(16, LogLevel.Information, "{Resource}: the server does not stream lists ({Cause}); they are asked for in pages for a while")]
    public static partial void NoStreamedLists(ILogger logger, string resource, string cause);

    [LoggerMessage(20, LogLevel.Error, "{Controller}: {Key} failed ({Failures} in a row), next try in {Milliseconds:0} ms")]
    public static partial void ReconcileFailed(ILogger logger, Exception exception, string controller, string key, int failures, double milliseconds);

    [LoggerMessage(21, LogLevel.Debug, "{Controller}: {Key} met a conflict, next try in {Milliseconds:0} ms: {Cause}")]
    public static partial void ReconcileConflict(ILogger logger, string controller, string key, double milliseconds, string cause);

    [LoggerMessage(30, LogLevel.Information, "{Identity} leads {Lease} (transition {Transitions})")]
    public static partial void Leads(ILogger logger, string identity, string lease, int transitions);

    [LoggerMessage(31, LogLevel.Error, "{Identity} lost {Lease}: {Cause}")]
    public static partial void LostLease(ILogger logger, string identity, string lease, string cause);

    [LoggerMessage(32, LogLevel.Information, "{Identity} released {Lease}")]
    public static partial void ReleasedLease(ILogger logger, string identity, string lease);

    [LoggerMessage(33, LogLevel.Warning, "{Identity}: {Lease}: {Cause}")]
    public static partial void LeaseTroubled(ILogger logger, string identity, string lease, string cause);

    [LoggerMessage(40, LogLevel.Warning, "event {Reason} about {Regarding} is lost: {Cause}")]
    public static partial void EventLost(ILogger logger, string reason, string regarding, string cause);

    [LoggerMessage(50, LogLevel.Error, "health check {Check} failed")]
    public static partial void HealthCheckFailed(ILogger logger, Exception exception, string check);
}
